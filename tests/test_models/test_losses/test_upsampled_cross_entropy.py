"""Against the plain formula: interpolate, then cross-entropy."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F

from mmseg_usrn.models.losses import upsampled_cross_entropy
from mmseg_usrn.models.losses import upsampled_cross_entropy as module


def plain(logits, labels, ignore_index, align_corners):
    large = F.interpolate(
        logits,
        labels.shape[1:],
        mode='bilinear',
        align_corners=align_corners,
    )
    loss = F.cross_entropy(
        large, labels, reduction='sum', ignore_index=ignore_index
    )
    correct = large.argmax(dim=1) == labels
    return loss, correct.sum()


def random_case(shape, size, ignore_index=255, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(*shape, generator=generator, dtype=dtype)
    labels = torch.randint(
        shape[1], (shape[0], *size), generator=generator, dtype=torch.int64
    )
    ignored = torch.rand(labels.shape, generator=generator) < 0.2
    return logits.requires_grad_(), labels.masked_fill(ignored, ignore_index)


SIZES = [
    ((4, 5), (16, 20)),  # a factor of 4
    ((9, 9), (65, 65)),  # more than one tile, x + 1 to 8 x + 1
    ((13, 7), (100, 41)),  # no factor
    ((33, 40), (33, 40)),  # nothing to up-sample
    ((1, 1), (37, 40)),  # a single cell
    ((20, 70), (10, 35)),  # labels smaller than logits
]


@pytest.mark.parametrize(
    'sizes, align_corners', itertools.product(SIZES, [False, True])
)
def test_value_gradient_and_accuracy(sizes, align_corners):
    small, large = sizes
    logits, labels = random_case((2, 7, *small), large)
    loss, correct = upsampled_cross_entropy(logits, labels, 255, align_corners)
    (grad,) = torch.autograd.grad(loss, logits)
    expected, expected_correct = plain(logits, labels, 255, align_corners)
    (expected_grad,) = torch.autograd.grad(expected, logits)
    exact = dict(rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(loss, expected, **exact)
    torch.testing.assert_close(grad, expected_grad, **exact)
    assert correct == expected_correct and not correct.requires_grad


@pytest.mark.parametrize('align_corners', [False, True])
def test_gradient_by_finite_differences(align_corners):
    logits, labels = random_case((2, 3, 3, 2), (7, 5), ignore_index=-100)
    assert torch.autograd.gradcheck(
        lambda x: upsampled_cross_entropy(x, labels, -100, align_corners)[0],
        logits,
    )


def test_single_precision():
    logits, labels = random_case((2, 300, 16, 16), (64, 64), 255)
    single = logits.detach().float().requires_grad_()
    loss, _ = upsampled_cross_entropy(single, labels, 255)
    (grad,) = torch.autograd.grad(loss, single)
    expected, _ = plain(logits, labels, 255, False)
    (expected_grad,) = torch.autograd.grad(expected, logits)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    torch.testing.assert_close(
        grad, expected_grad.float(), rtol=1e-4, atol=2e-6
    )


def test_by_hand():
    """Two pixels of logits (0, log 3), labels 1 and 0: log 4/3 + log 4."""
    logits = torch.tensor([0.0, math.log(3)], dtype=torch.float64)
    logits = logits.view(1, 2, 1, 1).requires_grad_()
    labels = torch.tensor([[[1, 0, 9]]])
    loss, correct = upsampled_cross_entropy(logits, labels, 9)
    assert loss.item() == pytest.approx(math.log(4 / 3) + math.log(4))
    assert correct == 1
    (grad,) = torch.autograd.grad(2 * loss, logits)
    # The softmax is (1/4, 3/4): twice (1/4 + 1/4 - 1, 3/4 - 1 + 3/4).
    assert grad.flatten().tolist() == pytest.approx([-1, 1])


def test_large_logits_do_not_overflow():
    logits = torch.tensor([1e4, -1e4, 0.0]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    labels = torch.tensor([[[0, 1], [2, 2]]])
    loss, _ = upsampled_cross_entropy(logits, labels, 255)
    assert loss.item() == 4e4


def test_nothing_but_ignored_pixels():
    logits, labels = random_case((2, 3, 4, 4), (8, 8))
    loss, correct = upsampled_cross_entropy(logits, labels.fill_(255), 255)
    (grad,) = torch.autograd.grad(loss, logits)
    assert loss == 0 and correct == 0 and not grad.any()


def test_precision_under_autocast():
    logits, labels = random_case((1, 5, 4, 4), (16, 16), dtype=torch.float32)
    expected, _ = upsampled_cross_entropy(logits, labels, 255)
    with torch.autocast('cpu', torch.bfloat16):
        loss, _ = upsampled_cross_entropy(logits, labels, 255)
        (grad,) = torch.autograd.grad(loss, logits)
    assert torch.equal(loss, expected)
    assert grad.dtype == torch.float32


def test_tiles_of_any_side_agree(monkeypatch):
    logits, labels = random_case((2, 4, 10, 12), (40, 48))
    expected, _ = upsampled_cross_entropy(logits, labels, 255)
    monkeypatch.setitem(module.__globals__, 'CPU_TILE_SIDE', 7)
    loss, _ = upsampled_cross_entropy(logits, labels, 255)
    torch.testing.assert_close(loss, expected, rtol=1e-13, atol=0)
