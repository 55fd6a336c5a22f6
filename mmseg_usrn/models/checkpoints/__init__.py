"""Checkpoints: reading, stock models, the original implementation."""

from .matching import Match, load_weights
from .reading import protect_loading, read_checkpoint
from .stock import (
    CLASS_BRANCH,
    add_branch_keys,
    add_teacher_keys,
    rename_stock_keys,
    stock_model,
    stock_state_dict,
)

__all__ = [
    'CLASS_BRANCH',
    'Match',
    'add_branch_keys',
    'add_teacher_keys',
    'load_weights',
    'protect_loading',
    'read_checkpoint',
    'rename_stock_keys',
    'stock_model',
    'stock_state_dict',
]
