"""Unlabeled images as training sees them, the same ones each time."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import numpy as np

from .sample_stream import random_state_of

WEAK = 'unsup_weak'
"""Branch of the views that are labeled."""


def fixed_view(unlabeled: Any, index: int) -> dict:
    """The weak view of an image, with the same crop and flip each time.

    What the pipeline draws follows from the index alone, in any run.

    Args:
        unlabeled: The unlabeled part of a
            :class:`~mmseg_usrn.datasets.PairedDataset`.
        index: Of the image.

    Returns:
        ``inputs`` (C, H, W) and its ``data_samples``.
    """
    with random_state_of(0, index):
        item = unlabeled[index]
    return {key: item[key][WEAK] for key in ('inputs', 'data_samples')}


def spread(length: int, count: int) -> list[int]:
    """At most so many indices, evenly spread, the first and the last in."""
    return np.linspace(0, length - 1, min(length, count)).astype(int).tolist()


def as_batch(views: Iterable[dict]) -> dict:
    """Views as a batch, for the data preprocessor of the model."""
    views = deepcopy(list(views))  # a preprocessor changes samples in place
    return {
        key: {WEAK: [view[key] for view in views]}
        for key in ('inputs', 'data_samples')
    }
