"""Balanced clustering and the apportioning of subclasses to classes."""

from .balanced_kmeans import BalancedKMeansResult, balanced_kmeans
from .settings import Settings
from .subclasses import (
    ClassClusters,
    apportion_subclasses,
    cluster_classes,
    resolve_subclasses,
)
from .transport import match_centers

__all__ = [
    'BalancedKMeansResult',
    'ClassClusters',
    'Settings',
    'apportion_subclasses',
    'balanced_kmeans',
    'cluster_classes',
    'match_centers',
    'resolve_subclasses',
]
