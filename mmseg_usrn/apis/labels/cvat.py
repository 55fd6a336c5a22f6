"""Label maps as an archive of CVAT's format "Segmentation mask 1.1"."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
from PIL import Image as PillowImage

from mmseg_usrn.datasets.palette import default_palette

from ..images import Image
from .base import LabelWriter, masks_of

BLACK = (0, 0, 0)


class CvatWriter(LabelWriter):
    """Colours of classes and of objects, one object a class and image.

    Black stands for pixels that CVAT does not import. So a class that is
    black, the background among them, gets another colour.

    Raises:
        ValueError: If the name of a class has a colon, which divides the
            columns of ``labelmap.txt``.
    """

    targets = ('cvat.zip',)

    def __init__(
        self,
        out: Path,
        classes: Sequence[str],
        palette: Sequence[Sequence[int]],
    ) -> None:
        super().__init__(out, classes, palette)
        wrong = [name for name in classes if ':' in name]
        if wrong:
            raise ValueError(
                f"the name of class {wrong[0]!r} has a colon, which CVAT's "
                'labelmap.txt cannot hold: rename it in the config'
            )
        self.colors = _distinct(palette)

    def __enter__(self) -> 'CvatWriter':
        super().__enter__()
        self.names: list[str] = []
        self.archive = ZipFile(self.path, 'w', ZIP_DEFLATED)
        return self

    def add(self, image: Image, labels: np.ndarray) -> None:
        """Write both files of an image."""
        classes = np.zeros((*labels.shape, 3), np.uint8)
        objects = np.zeros_like(classes)
        for number, (index, mask) in enumerate(masks_of(labels), 1):
            classes[mask] = self.colors[index]
            objects[mask] = _voc_color(number)
        for kind, pixels in (('Class', classes), ('Object', objects)):
            file = BytesIO()
            PillowImage.fromarray(pixels).save(file, 'png')
            name = f'Segmentation{kind}/{image.name}.png'
            self.archive.writestr(name, file.getvalue())
        self.names.append(image.name)

    def __exit__(self, *_) -> None:
        """Write the lists of images and classes."""
        black = 'unlabeled' if 'background' in self.classes else 'background'
        lines = ['# label:color_rgb:parts:actions', f'{black}:0,0,0::']
        lines += [
            f'{name}:{",".join(map(str, color))}::'
            for name, color in zip(self.classes, self.colors, strict=True)
        ]
        self.archive.writestr('labelmap.txt', '\n'.join(lines) + '\n')
        self.archive.writestr(
            'ImageSets/Segmentation/default.txt', '\n'.join(self.names) + '\n'
        )
        self.archive.close()


def _distinct(palette: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """The colours, but other ones for black and for those that repeat."""
    used = {BLACK, *(tuple(color) for color in palette)}
    free = (
        tuple(color)
        for color in default_palette(1000)
        if tuple(color) not in used
    )
    found: list[tuple[int, ...]] = []
    for color in map(tuple, palette):
        found.append(next(free) if color in (BLACK, *found) else color)
    return found


def _voc_color(number: int) -> tuple[int, ...]:
    """Colour of an object in Pascal VOC: its bits, the lowest ones first."""
    return tuple(
        sum((number >> 3 * bit + channel & 1) << 7 - bit for bit in range(8))
        for channel in range(3)
    )
