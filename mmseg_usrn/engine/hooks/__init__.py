"""Hooks."""

from .average_norm_hook import AverageNormHook
from .finite_loss_hook import FiniteLossHook
from .preemption_hook import PreemptionHook
from .pseudo_label_visualization_hook import PseudoLabelVisualizationHook
from .resume_hook import ResumeHook
from .subclass_recluster_hook import SubclassReclusterHook
from .whole_checkpoint_hook import WholeCheckpointHook

__all__ = [
    'AverageNormHook',
    'FiniteLossHook',
    'PreemptionHook',
    'PseudoLabelVisualizationHook',
    'ResumeHook',
    'SubclassReclusterHook',
    'WholeCheckpointHook',
]
