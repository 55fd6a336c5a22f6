"""Pseudo labels of the weak view and losses of the strong one, by hand."""

import math

import pytest
import torch
import torch.nn.functional as F
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
def test_area_of_a_padded_image(size):
    """As torch picks the pixel that the middle of a larger one is in."""
    samples = [
        SegDataSample(metainfo=dict(img_shape=shape, padding_size=padding))
        for shape, padding in (
            ((16, 32), (0, 0, 0, 0)),
            ((11, 21), (0, 11, 0, 5)),
            ((9, 32), (0, 0, 3, 4)),
        )
    ]
    images = torch.zeros(3, 1, 16, 32)
    images[0] = images[1, :, :11, :21] = images[2, :, 3:12] = 1
    expected = F.interpolate(images, size, mode='nearest-exact')[:, 0]
    area = image_area(samples, torch.zeros(3, 2, *size))
    assert torch.equal(area, expected.bool())


def test_nothing_is_padded():
    maps = torch.zeros(2, 3, 4, 4)
    whole = dict(img_shape=(8, 8), padding_size=(0, 0, 0, 0))
    samples = [SegDataSample(metainfo=whole), SegDataSample()]
    assert image_area(samples, maps) is None
    assert image_area([], maps) is None
