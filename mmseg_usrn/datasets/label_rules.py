"""From the values of a mask file to class indices."""

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
