"""Feature extraction, reclustering and launching."""

from .bfloat16_optim_wrapper import BFloat16OptimWrapper
from .errors import NotFiniteError
from .feature_extraction import extract_labeled_features
from .grouped_optim_wrapper_constructor import GroupedOptimWrapperConstructor
from .hooks import (
    AverageNormHook,
    FiniteLossHook,
    PreemptionHook,
    PseudoLabelVisualizationHook,
    ResumeHook,
    SubclassReclusterHook,
    WholeCheckpointHook,
)
from .reclustering import recluster

__all__ = [
    'AverageNormHook',
    'BFloat16OptimWrapper',
    'FiniteLossHook',
    'GroupedOptimWrapperConstructor',
    'NotFiniteError',
    'PreemptionHook',
    'PseudoLabelVisualizationHook',
    'ResumeHook',
    'SubclassReclusterHook',
    'WholeCheckpointHook',
    'extract_labeled_features',
    'recluster',
]
