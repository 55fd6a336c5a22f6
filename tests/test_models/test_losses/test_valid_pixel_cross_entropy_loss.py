import math

import torch

from mmseg_usrn.models.losses import ValidPixelCrossEntropyLoss


def test_mean_is_over_valid_pixels():
    """Uniform logits of 4 classes cost log 4; half of the pixels count."""
    logits = torch.zeros(1, 4, 2, 2, dtype=torch.float64)
    label = torch.tensor([[[0, 3], [255, 255]]])
    loss = ValidPixelCrossEntropyLoss(loss_weight=2.0)(logits, label)
    assert abs(loss.item() - 2 * math.log(4)) < 1e-15


def test_no_valid_pixel_costs_nothing():
    logits = torch.randn(1, 4, 2, 2, requires_grad=True)
    loss = ValidPixelCrossEntropyLoss()(logits, torch.full((1, 2, 2), 255))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad.abs().max() == 0


def test_pixel_weights_scale_the_sum():
    logits = torch.zeros(1, 2, 1, 2)
    weight = torch.tensor([[[1.0, 0.0]]])
    loss = ValidPixelCrossEntropyLoss()(
        logits, torch.zeros(1, 1, 2, dtype=torch.int64), weight
    )
    assert abs(loss.item() - math.log(2) / 2) < 1e-7
