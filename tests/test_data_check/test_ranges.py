"""Ranges of the values of images of more than 8 bits."""

import numpy as np
import pytest

from mmseg_usrn.data_check.ranges import find_range, full_value


def gradient(low, high, dtype, shape=(60, 80)):
    """All values from low to high."""
    values = np.linspace(low, high, np.prod(shape))
    return values.reshape(shape).astype(dtype)


@pytest.mark.parametrize(
    'low, high, dtype, wrong',
    [
        (0, 1, np.float32, -9999),
        (0, 1, np.float32, -3.4e38),
        (0, 1, np.float32, np.nan),
        (-20, 0, np.float64, -9999),
        (0, 3000, np.uint16, 65535),
        (100, 3000, np.int16, -32768),
        (0, 100_000, np.int32, 2**31 - 1),
    ],
)
@pytest.mark.parametrize('share', [0.0002, 0.3, 0.97])
def test_values_for_no_data_are_none(low, high, dtype, wrong, share):
    image = gradient(low, high, dtype)
    clean, room = find_range(image), 0.01 * (high - low)
    assert clean == pytest.approx((min(low, 0), high), abs=room)
    few = np.random.default_rng(0).random(image.shape) < share
    image[few] = wrong
    assert find_range(image) == pytest.approx(clean, abs=10 * room)


def test_outliers_of_all_kinds():
    image = gradient(0, 900, np.uint16)
    image[30, 10:14] = (2000, 9000, 30_000, 65_535)
    assert find_range(image)[1] <= 900


def test_bright_and_dark_images_keep_their_range():
    image = gradient(0, 200, np.uint16)
    image[:20] = gradient(3000, 4000, np.uint16, (20, 80))  # sky
    assert find_range(image) == (0, pytest.approx(4000, rel=0.01))


@pytest.mark.parametrize('value', [0, 7, 65535])
def test_equal_values_say_nothing(value):
    assert find_range(np.full((9, 8), value, np.uint16)) == (0, 0)
    assert find_range(np.full((9, 8), np.nan, np.float32)) == (0.0, 0.0)


@pytest.mark.parametrize(
    'peak, full',
    [
        (0, 255),
        (200, 255),
        (900, 1023),
        (4095, 4095),
        (0.0, 1.0),
        (0.3, 1.0),
        (1.02, 1.0),
        (1.7, 2.0),
        (3.7, 4.0),
        (128.0, 255),
        (255.0, 255),
        (-5.0, 1.0),
    ],
)
def test_full_brightness(peak, full):
    assert full_value(peak) == full
