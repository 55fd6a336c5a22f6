"""Balanced clustering and the apportioning of subclasses to classes."""

from .apportion import (
    apportion_by_unit,
    apportion_subclasses,
    apportion_table,
    resolve_subclasses,
)
from .balanced_kmeans import BalancedKMeansResult, balanced_kmeans
from .classes import ClassClusters, cluster_classes, match_centers

__all__ = [
    'BalancedKMeansResult',
    'ClassClusters',
    'apportion_by_unit',
    'apportion_subclasses',
    'apportion_table',
    'balanced_kmeans',
    'cluster_classes',
    'match_centers',
    'resolve_subclasses',
]
