"""Supervised losses."""

from .head_losses import (
    full_precision,
    has_plain_loss,
    head_losses,
    plain_losses,
)
from .upsampled_cross_entropy import upsampled_cross_entropy
from .valid_pixel_cross_entropy_loss import ValidPixelCrossEntropyLoss

__all__ = [
    'ValidPixelCrossEntropyLoss',
    'full_precision',
    'has_plain_loss',
    'head_losses',
    'plain_losses',
    'upsampled_cross_entropy',
]
