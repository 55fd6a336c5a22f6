"""Feature extraction, reclustering and launching."""

from .feature_extraction import extract_labeled_features
from .hooks import AverageNormHook, SubclassReclusterHook
from .reclustering import recluster

__all__ = [
    'AverageNormHook',
    'SubclassReclusterHook',
    'extract_labeled_features',
    'recluster',
]
