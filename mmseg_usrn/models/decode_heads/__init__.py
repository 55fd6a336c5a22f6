"""Decode heads."""

from .deeplabv3plus_head import DeepLabV3PlusHead
from .dual_head import DualHead

__all__ = ['DeepLabV3PlusHead', 'DualHead']
