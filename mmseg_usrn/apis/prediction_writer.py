"""Files of predictions."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mmcv
import numpy as np
from mmseg.structures import SegDataSample

from mmseg_usrn.visualization import draw_segmentation, save_indexed

from .images import Image
from .predict import class_probabilities

KINDS = dict(
    masks='.png', overlays='.jpg', confidence='.png', probabilities='.npz'
)
"""Folders of :class:`PredictionWriter`, and how their files end."""


def output_file(out: Path, kind: str, image: Image) -> Path:
    """A file of a prediction.

    Args:
        out: The folder of all.
        kind: One of :data:`KINDS`.
        image: What is predicted.
    """
    return out / kind / f'{image.name}{KINDS[kind]}'


@dataclass(frozen=True)
class PredictionWriter:
    """Files of a prediction, below one folder.

    Attributes:
        out: The folder. ``masks/NAME.png`` holds class indices, with the
            palette of the classes.
        palette: Colours of the classes.
        overlays: Reads an image as a picture (H, W, 3) uint8 RGB, to write
            ``overlays/NAME.jpg``; by default they are not written.
        confidence: Whether to write ``confidence/NAME.png``, the probability
            of the class in the mask from 0 to 255.
        probabilities: Whether to write ``probabilities/NAME.npz``, the
            probabilities of all classes, (K, H, W) float16.
    """

    out: Path
    palette: Sequence[Sequence[int]]
    overlays: Callable[[Path], np.ndarray] | None = None
    confidence: bool = False
    probabilities: bool = False

    @property
    def kinds(self) -> list[str]:
        """The kinds of files that are written, of :data:`KINDS`."""
        wanted = dict(
            masks=True,
            overlays=bool(self.overlays),
            confidence=self.confidence,
            probabilities=self.probabilities,
        )
        return [kind for kind in KINDS if wanted[kind]]

    def __call__(self, image: Image, sample: SegDataSample) -> None:
        """Write the prediction of an image; its mask comes last."""
        labels = sample.pred_sem_seg.data[0].cpu().numpy()
        if self.overlays:
            picture = self.overlays(image.path)
            picture = draw_segmentation(picture, labels, self.palette, 0.5)
            with self._whole('overlays', image) as path:
                mmcv.imwrite(picture[..., ::-1], str(path))
        if self.confidence or self.probabilities:
            prob = class_probabilities(sample)
            if self.confidence:
                prob_of = prob.gather(0, sample.pred_sem_seg.data.long())[0]
                top = (255 * prob_of).round().byte().cpu().numpy()
                with self._whole('confidence', image) as path:
                    mmcv.imwrite(top, str(path))
            if self.probabilities:
                with self._whole('probabilities', image) as path:
                    np.savez_compressed(path, prob=prob.half().cpu().numpy())
        palette = np.array(self.palette, np.uint8)
        with self._whole('masks', image) as path:
            save_indexed(labels, palette, path)

    @contextmanager
    def _whole(self, kind: str, image: Image) -> Iterator[Path]:
        """A hidden file, which gets its name when it is written.

        A file of this name is whole, however the process ends.
        """
        path = output_file(self.out, kind, image)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f'.{path.name}')
        yield part
        os.replace(part, path)
