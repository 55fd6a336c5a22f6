"""Pure functions of the method."""

from .entropy_gate import GATE_RULES, entropy_gate, normalized_entropy
from .mean_teacher import MeanTeacher, build_teacher
from .pseudo_labels import (
    PseudoLabels,
    confident_labels,
    make_pseudo_labels,
    masked_cross_entropy,
    mean_losses,
    strong_views,
)
from .stock_checkpoint import adopt_as_teacher, adopt_stock_keys

__all__ = [
    'GATE_RULES',
    'MeanTeacher',
    'PseudoLabels',
    'adopt_as_teacher',
    'adopt_stock_keys',
    'build_teacher',
    'confident_labels',
    'entropy_gate',
    'make_pseudo_labels',
    'masked_cross_entropy',
    'mean_losses',
    'normalized_entropy',
    'strong_views',
]
