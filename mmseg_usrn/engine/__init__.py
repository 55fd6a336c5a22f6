"""Feature extraction, reclustering and launching."""

from .feature_extraction import extract_labeled_features
from .hooks import (
    AverageNormHook,
    SubclassReclusterHook,
    check_clustering_planned,
)
from .reclustering import recluster

__all__ = [
    'AverageNormHook',
    'SubclassReclusterHook',
    'check_clustering_planned',
    'extract_labeled_features',
    'recluster',
]
