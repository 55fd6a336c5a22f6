"""Semi-supervised training: gate, pseudo labels, teacher."""

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
from .two_pass_step import two_pass_step

__all__ = [
    'GATE_RULES',
    'MeanTeacher',
    'PseudoLabels',
    'build_teacher',
    'confident_labels',
    'entropy_gate',
    'make_pseudo_labels',
    'masked_cross_entropy',
    'mean_losses',
    'normalized_entropy',
    'strong_views',
    'two_pass_step',
]
