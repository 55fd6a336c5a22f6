"""Numbers of pixels by value and by grey level."""

import cv2
import numpy as np

COVERAGE = 0.98  # of the pixels
MAX_VALUES = 1024  # different values that are kept of one mask


def count_levels(gray: np.ndarray) -> int:
    """Count the grey levels that cover nearly all of a picture.

    Args:
        gray: Brightness of shape (H, W), uint8.

    Returns:
        The smallest number of levels that have :data:`COVERAGE` of the
        pixels. A row of four is looked at.
    """
    counts = cv2.calcHist([gray[::4]], [0], None, [256], [0, 256])
    counts = np.sort(counts.ravel())[::-1].cumsum()
    return int(np.searchsorted(counts, COVERAGE * counts[-1])) + 1


def count_values(mask: np.ndarray) -> dict[int, int]:
    """Count the pixels of every value; of very many values, the first ones.

    Args:
        mask: Values of any shape. Neighbours of equal value are counted
            together, which makes it quick for masks.

    Returns:
        Number of pixels, by value.
    """
    flat = mask.ravel()
    starts = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts = np.concatenate(([0], starts)) if flat.size else starts
    lengths = np.diff(np.append(starts, flat.size))
    values, where = flat[starts], flat[starts]
    if mask.dtype in (np.uint8, np.uint16):
        values = np.arange(2 ** (8 * mask.itemsize))
    else:
        values, where = np.unique(values, return_inverse=True)
    counts = np.bincount(where, lengths, len(values)).astype(int)
    found = np.flatnonzero(counts)[:MAX_VALUES]
    return {int(values[i]): int(counts[i]) for i in found}
