"""Ranges of the values of images of more than 8 bits."""

import math

import numpy as np

LOOK = 256  # rows and columns, about, that are looked at
OUTLIERS = 1e-3  # of the values, at either end
# Values of 16 bits below this are below a quarter of full brightness.
DARK_PEAK = 2**14


def find_range(image: np.ndarray) -> tuple[float, float]:
    """Find the smallest and the largest value that mean something.

    A thousandth at either end counts as outliers. A value that is farther
    from all others than these are from each other stands for "no data", as
    -9999 and 65535 do.

    Args:
        image: Values of any type and shape (H, W, ...).

    Returns:
        Smallest value, at most 0, and largest one, int or float as the image;
        both 0 where all values are equal, which says nothing of their range.
    """
    number = float if image.dtype.kind == 'f' else int
    few = image[:: 1 + len(image) // LOOK, :: 1 + image.shape[1] // LOOK]
    values, counts = np.unique(few[np.isfinite(few)], return_counts=True)
    values = values.astype(np.float64)
    while len(values) > 2:
        first, second, last_but_one, last = values[[0, 1, -2, -1]]
        if second - first > last - second:
            values, counts = values[1:], counts[1:]
        elif last - last_but_one > last_but_one - first:
            values, counts = values[:-1], counts[:-1]
        else:
            break
    if len(values) < 2:
        return number(0), number(0)
    share = counts.cumsum() / counts.sum()
    low, high = values[np.searchsorted(share, (OUTLIERS, 1 - OUTLIERS))]
    return number(min(low, 0)), number(high)


def full_value(peak: float) -> float:
    """The value that stands for full brightness.

    Args:
        peak: Largest value that was found.

    Returns:
        1.0 for floating-point values up to about 1, the next power of two for
        others below 128, else the next ``2**n - 1``, at least 255.
    """
    if isinstance(peak, float) and peak < 128:
        return 1.0 if peak <= 1.1 else 2.0 ** math.ceil(math.log2(peak))
    return 2 ** max(math.ceil(peak).bit_length(), 8) - 1
