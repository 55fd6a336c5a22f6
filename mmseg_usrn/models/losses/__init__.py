"""Supervised losses."""

from .upsampled_cross_entropy import upsampled_cross_entropy
from .valid_pixel_cross_entropy_loss import ValidPixelCrossEntropyLoss

__all__ = ['ValidPixelCrossEntropyLoss', 'upsampled_cross_entropy']
