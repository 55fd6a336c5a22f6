"""Supervised losses."""

from .valid_pixel_cross_entropy_loss import ValidPixelCrossEntropyLoss

__all__ = ['ValidPixelCrossEntropyLoss']
