"""Hooks."""

from .average_norm_hook import AverageNormHook
from .subclass_recluster_hook import (
    SubclassReclusterHook,
    check_clustering_planned,
)

__all__ = [
    'AverageNormHook',
    'SubclassReclusterHook',
    'check_clustering_planned',
]
