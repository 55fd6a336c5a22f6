"""Semi-supervised training: gate, pseudo labels, teacher, rare classes."""

from .branch_backward import Backward, backward_to_trunk, bring_gradients
from .entropy_gate import GATE_RULES, entropy_gate, normalized_entropy
from .label_steps import LabelSteps, evaluation_mode, trace_pseudo_labels
from .logit_adjustment import LogitAdjustment, build_adjustment
from .mean_teacher import MeanTeacher, build_teacher
from .pseudo_labels import (
    PseudoLabels,
    confident_labels,
    image_area,
    make_pseudo_labels,
    masked_cross_entropy,
    mean_losses,
    strong_views,
)
from .two_pass_step import backward_within, two_pass_step

__all__ = [
    'GATE_RULES',
    'Backward',
    'LabelSteps',
    'LogitAdjustment',
    'MeanTeacher',
    'PseudoLabels',
    'backward_to_trunk',
    'backward_within',
    'bring_gradients',
    'build_adjustment',
    'build_teacher',
    'confident_labels',
    'entropy_gate',
    'evaluation_mode',
    'image_area',
    'make_pseudo_labels',
    'masked_cross_entropy',
    'mean_losses',
    'normalized_entropy',
    'strong_views',
    'trace_pseudo_labels',
    'two_pass_step',
]
