"""Checkpoints of stock models and of the original implementation."""

from .stock import (
    CLASS_BRANCH,
    add_teacher_keys,
    rename_stock_keys,
    stock_model,
    stock_state_dict,
)

__all__ = [
    'CLASS_BRANCH',
    'add_teacher_keys',
    'rename_stock_keys',
    'stock_model',
    'stock_state_dict',
]
