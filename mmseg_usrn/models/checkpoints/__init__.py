"""Checkpoints of stock models and of the original implementation."""

from .stock import CLASS_BRANCH, adopt_as_teacher, adopt_stock_keys

__all__ = ['CLASS_BRANCH', 'adopt_as_teacher', 'adopt_stock_keys']
