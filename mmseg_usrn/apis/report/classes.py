"""Rows of the table of classes.

Letters: ``K`` classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..ranking import RARE


@dataclass(frozen=True)
class ClassRow:
    """A class in the table.

    Attributes:
        name: Its name.
        color: Its colour, as CSS writes it.
        share: Its share of what is counted, in per cent.
        rare: Whether it is rare.
        iou: In per cent, None if the class is in no validation image.
        baseline: The baseline's, if there is one.
    """

    name: str
    color: str
    share: float
    rare: bool
    iou: float | None
    baseline: float | None = None

    @property
    def gain(self) -> float | None:
        """Points above the baseline."""
        if self.iou is None or self.baseline is None:
            return None
        return self.iou - self.baseline


def class_rows(
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    pixels: np.ndarray,
    ious: np.ndarray,
    baseline: np.ndarray | None = None,
) -> list[ClassRow]:
    """A row for each class.

    Args:
        classes: ``K`` names.
        palette: ``K`` colours.
        pixels: (K,) labeled cells, or validation pixels.
        ious: (K,) 0 to 1, NaN where there is none.
        baseline: The same, of the baseline.

    Returns:
        ``K`` rows; a class is rare if it has under a quarter of ``1 / K`` of
        the pixels.
    """
    shares = pixels / max(pixels.sum(), 1)
    before = [None] * len(classes) if baseline is None else baseline
    return [
        ClassRow(
            name=name,
            color='#{:02x}{:02x}{:02x}'.format(*map(int, color)),
            share=100 * float(share),
            rare=bool(share < RARE / len(classes)),
            iou=_per_cent(iou),
            baseline=_per_cent(old),
        )
        for name, color, share, iou, old in zip(
            classes, palette, shares, ious, before, strict=True
        )
    ]


def mean_row(rows: Sequence[ClassRow], rare: bool = False) -> dict:
    """Means over the classes that have an IoU.

    Args:
        rows: The classes.
        rare: Of the rare ones alone.

    Returns:
        ``iou`` and ``baseline``, None where there is nothing to average.
    """
    kept = [row for row in rows if row.rare or not rare]

    def mean(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if known else None

    return dict(
        iou=mean([row.iou for row in kept]),
        baseline=mean([row.baseline for row in kept]),
    )


def _per_cent(iou: float | None) -> float | None:
    return None if iou is None or np.isnan(iou) else 100 * float(iou)
