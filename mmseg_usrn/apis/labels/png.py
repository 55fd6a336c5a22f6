"""Label maps as indexed PNG files."""

import numpy as np

from mmseg_usrn.visualization import save_indexed

from ..images import Image
from .base import UNLABELED, LabelWriter


class PngWriter(LabelWriter):
    """Class indices with the palette of the classes; 255 has no label.

    More than 255 classes make 16-bit files, in which it is 65535.
    """

    targets = ('masks',)

    def add(self, image: Image, labels: np.ndarray) -> None:
        """Write the file of an image."""
        path = self.path / f'{image.name}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        none = 255 if len(self.classes) <= 255 else 65535
        labels = np.where(labels == UNLABELED, none, labels)
        save_indexed(labels, np.array(self.palette, np.uint8), path)
