"""Pseudo labels of the weak view and losses of the strong one, by hand."""

import math

import pytest
import torch
from mmseg.structures import SegDataSample

from mmseg_usrn.models.semi import (
    image_area,
    make_pseudo_labels,
    masked_cross_entropy,
)

PARENTS = torch.tensor([0, 0, 1, 1])


def logits(*pixels: tuple) -> torch.Tensor:
    """Logits whose softmax are the given distributions, (1, C, 1, pixels)."""
    return torch.tensor(pixels).log().T[None, :, None]


def test_labels_masks_and_statistics():
    """Four pixels.

    0: both agree on class 0; 1: the sure subclass branch says class 1 and
    drops class 0; 2: it is less sure and drops nothing; 3: nobody is sure.
    """
    pseudo = make_pseudo_labels(
        logits((0.9, 0.1), (0.8, 0.2), (0.97, 0.03), (0.5, 0.5)),
        logits(
            (0.97, 0.01, 0.01, 0.01),
            (0.01, 0.01, 0.97, 0.01),
            (0.1, 0.1, 0.7, 0.1),
            (0.3, 0.2, 0.3, 0.2),
        ),
        PARENTS,
        threshold=0.75,
    )
    assert pseudo.classes[0, 0, :3].tolist() == [0, 1, 0]
    assert pseudo.class_mask[0, 0].tolist() == [True, False, True, False]
    assert pseudo.subclasses[0, 0, :3].tolist() == [0, 2, 2]
    assert pseudo.subclass_mask[0, 0].tolist() == [True, True, False, False]
    assert pseudo.gate[0, 0, :3].tolist() == [True, True, False]
    assert pseudo.parents[0, 0, :3].tolist() == [0, 1, 1]
    shares = {k: v.item() for k, v in pseudo.statistics().items()}
    assert shares == {
        'unsup.gate_ratio': 0.75,
        'unsup.class_keep_ratio': 0.5,
        'unsup.subclass_keep_ratio': 0.5,
    }


def test_threshold_itself_does_not_count():
    even = torch.zeros(1, 2, 1, 1)
    pseudo = make_pseudo_labels(even, even, torch.tensor([0, 1]), 0.5)
    assert not pseudo.class_mask.any() and not pseudo.subclass_mask.any()


def test_loss_is_the_mean_over_all_pixels():
    scores = torch.zeros(1, 4, 1, 4, requires_grad=True)
    mask = torch.tensor([[[True, False, False, True]]])
    loss = masked_cross_entropy(scores, torch.ones(1, 1, 4).long(), mask)
    assert math.isclose(loss.item(), math.log(4) * 2 / 4, rel_tol=1e-6)
    loss.backward()
    assert not scores.grad[..., 1:3].any()
    # (softmax - one-hot) / 4 pixels
    expected = torch.tensor([0.25, -0.75, 0.25, 0.25]) / 4
    assert torch.allclose(scores.grad[0, :, 0, 0], expected)


def test_loss_without_confident_pixels_is_zero():
    scores = torch.randn(2, 3, 4, 4, requires_grad=True)
    none = torch.zeros(2, 4, 4, dtype=torch.bool)
    loss = masked_cross_entropy(scores, torch.zeros(2, 4, 4).long(), none)
    loss.backward()
    assert loss.item() == 0 and not scores.grad.any()


@pytest.mark.parametrize('size', [(4, 8), (3, 5), (16, 32), (1, 1)])
@pytest.mark.parametrize('top, height, width', [(0, 11, 21), (3, 9, 32)])
def test_area_of_a_padded_image(size, top, height, width):
    """Pixels whose middle is in the image."""
    padding = (0, 32 - width, top, 16 - top - height)
    samples = [
        SegDataSample(metainfo=dict(img_shape=shape, padding_size=p))
        for shape, p in (
            ((height, width), padding),
            ((16, 32), (0, 0, 0, 0)),
        )
    ]
    rows, columns = (
        (torch.arange(count) + 0.5) / count * side
        for count, side in zip(size, (16, 32), strict=True)
    )
    inside = (top <= rows) & (rows < top + height)
    area = image_area(samples, torch.zeros(2, 2, *size))
    assert torch.equal(area[0], inside[:, None] & (columns < width))
    assert area[1].all()


def test_nothing_is_padded():
    maps = torch.zeros(2, 3, 4, 4)
    whole = dict(img_shape=(8, 8), padding_size=(0, 0, 0, 0))
    samples = [SegDataSample(metainfo=whole), SegDataSample()]
    assert image_area(samples, maps) is None
    assert image_area([], maps) is None
