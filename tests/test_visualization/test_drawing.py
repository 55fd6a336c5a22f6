"""Label maps drawn over images."""

import numpy as np
import pytest

from mmseg_usrn.visualization import (
    DROPPED,
    draw_gate,
    draw_segmentation,
    draw_subclasses,
)
from mmseg_usrn.visualization.drawing import AGREED_COLOR, DISAGREED_COLOR

PALETTE = ((100, 100, 100), (200, 50, 0))


@pytest.fixture
def image() -> np.ndarray:
    return np.full((4, 6, 3), 20, dtype=np.uint8)


def test_half_opacity_is_the_mean(image):
    labels = np.zeros((4, 6), dtype=np.uint8)
    drawn = draw_segmentation(image, labels, PALETTE, opacity=0.5)
    assert (drawn == 60).all()


def test_small_map_is_enlarged(image):
    labels = np.array([[0, 1, 1], [0, 1, 255]])
    drawn = draw_segmentation(image, labels, PALETTE, opacity=1.0)
    assert drawn.shape == image.shape
    assert drawn[:2, 2:4].reshape(-1, 3).tolist() == [[200, 50, 0]] * 4
    assert drawn[2:, 4:].reshape(-1, 3).tolist() == [list(DROPPED)] * 4


def test_subclasses_have_shades_of_their_class(image):
    subclasses = np.array([[0, 1, 2]])
    drawn = draw_subclasses(image, subclasses, [1, 1, 0], PALETTE, 1.0)
    light, dark, other = drawn[0, ::2].astype(int)
    assert light.sum() > dark.sum()
    assert other.tolist() == [100, 100, 100]


def test_gate_marks_where_it_acts_and_where_branches_disagree(image):
    gate = np.array([[True, True, False]])
    drawn = draw_gate(image, gate, np.array([[False, True, False]]))
    agreed, disagreed, rest = drawn[0, ::2].astype(int)
    assert rest[0] == rest[1] == rest[2] == 120  # 20 // 2 + 110
    # Three quarters of the colour on a quarter of the grey.
    for drawn, color in (agreed, AGREED_COLOR), (disagreed, DISAGREED_COLOR):
        mixed = 0.75 * np.array(color) + 0.25 * rest
        assert np.abs(drawn - mixed).max() <= 1
