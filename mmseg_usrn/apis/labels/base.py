"""What the formats have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from mmseg.structures import SegDataSample

from ..images import Image
from ..predict import class_probabilities

UNLABELED = -1
"""Value of pixels without a label, in memory; each format has its own."""


class LabelWriter(ABC):
    """Writer of the label maps of many images.

    Args:
        out: Folder of the results.
        classes: Names of the classes.
        palette: Their colours, RGB.
    """

    targets: tuple[str, ...] = ()
    """Files and folders below ``out`` that are written, the main one first."""

    def __init__(
        self,
        out: Path,
        classes: Sequence[str],
        palette: Sequence[Sequence[int]],
    ) -> None:
        self.out = out
        self.classes = classes
        self.palette = palette
        self.path = out / self.targets[0]

    def __enter__(self) -> 'LabelWriter':
        self.out.mkdir(parents=True, exist_ok=True)
        return self

    @abstractmethod
    def add(self, image: Image, labels: np.ndarray) -> None:
        """Take the labels of an image.

        Args:
            image: The image.
            labels: (H, W) integers, class indices or ``UNLABELED``.
        """

    def __exit__(self, *_) -> None:  # noqa: B027
        """Write what is written at the end; of a run that failed, too."""


def masks_of(labels: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """The classes of an image, each with where it is, (H, W) booleans."""
    for index in np.unique(labels):
        if index != UNLABELED:
            yield int(index), labels == index


def file_name(image: Image) -> str:
    """Path of an image below the folder that was searched."""
    return f'{image.name}{image.path.suffix}'


def confident_labels(sample: SegDataSample, threshold: float) -> np.ndarray:
    """Likeliest classes, where they are likely enough.

    Args:
        sample: Prediction of an image, ``seg_logits`` of (K, H, W).
        threshold: Least probability of the class.

    Returns:
        (H, W) int64, class indices or ``UNLABELED``.
    """
    prob, labels = class_probabilities(sample).max(0)
    labels[prob < threshold] = UNLABELED
    return labels.cpu().numpy()
