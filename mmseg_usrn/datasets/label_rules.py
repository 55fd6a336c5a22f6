"""From the values of a mask file to class indices."""

from collections.abc import Iterable, Sequence

import numpy as np


def relabel(
    values: np.ndarray,
    reduce_zero_label: bool = False,
    label_map: dict[int, int] | None = None,
    ignore_index: int = 255,
) -> np.ndarray:
    """Apply MMSegmentation's two label rules, at any depth of the mask.

    The order is that of mmseg's ``LoadAnnotations``: first every value
    becomes smaller by one, zero becoming ``ignore_index``; then ``label_map``
    replaces values.

    Args:
        values: Values of a mask, integers of any shape.
        reduce_zero_label: Whether zero means "not labeled".
        label_map: New value of each value that is to change.
        ignore_index: Value of pixels without a label; it stays.

    Returns:
        Class indices of the same shape, int64.
    """
    labels = values.astype(np.int64)
    if reduce_zero_label:
        unlabeled = (labels == 0) | (labels == ignore_index)
        labels = np.where(unlabeled, ignore_index, labels - 1)
    if label_map:
        before = labels.copy()
        for old, new in label_map.items():
            labels[before == old] = new
    return labels


def label_map_of(
    values: Sequence[int],
    others: Iterable[int] = (),
    ignore_index: int = 255,
) -> dict[int, int]:
    """The ``label_map`` of masks that number their classes in their own way.

    Args:
        values: Number of every class, in the order of the classes.
        others: Values of masks that are no class.
        ignore_index: Value of pixels without a label.

    Returns:
        New value of each value that changes. What is no class and would pass
        for the index of one is not labeled.
    """
    no_class = {*range(len(values)), *others} - {*values, ignore_index}
    label_map = dict.fromkeys(sorted(no_class), ignore_index)
    label_map.update((v, i) for i, v in enumerate(values) if v != i)
    return label_map
