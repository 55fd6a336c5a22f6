"""Backbones."""

from .dinov2 import DINOv2
from .fork_rules import FORK_RULES, shared_modules
from .forked_backbone import ForkedBackbone

__all__ = ['DINOv2', 'FORK_RULES', 'ForkedBackbone', 'shared_modules']
