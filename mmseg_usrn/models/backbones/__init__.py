"""Backbones."""

from .fork_rules import FORK_RULES, shared_modules
from .forked_backbone import ForkedBackbone

__all__ = ['FORK_RULES', 'ForkedBackbone', 'shared_modules']
