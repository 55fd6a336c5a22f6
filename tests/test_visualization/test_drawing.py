"""Label maps drawn over images."""

import numpy as np
import pytest

from mmseg_usrn.visualization import (
    DROPPED,
    draw_gate,
    draw_pseudo_labels,
    draw_segmentation,
    draw_subclasses,
)

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


def test_gate_marks_only_where_it_is_open(image):
    gate = np.array([[True, False]])
    drawn = draw_gate(image, gate).astype(int)
    is_gray = (drawn == drawn[..., :1]).all(axis=2)
    assert not is_gray[:, :3].any() and is_gray[:, 3:].all()


def test_pseudo_labels_lose_what_is_not_confident(image):
    labels = np.array([[0, 1]])
    pictures = draw_pseudo_labels(
        image,
        prediction=np.array([[1, 1]]),
        gate=np.array([[True, False]]),
        labels=labels,
        mask=np.array([[False, True]]),
        palette=PALETTE,
    )
    assert list(pictures) == [
        'image',
        'class prediction',
        'gate',
        'kept pseudo label',
    ]
    kept = pictures['kept pseudo label']
    assert (kept[:, :3] == DROPPED).all()
    assert (kept[:, 3:] == PALETTE[1]).all()
