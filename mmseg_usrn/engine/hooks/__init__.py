"""Hooks."""

from .average_norm_hook import AverageNormHook
from .subclass_recluster_hook import SubclassReclusterHook

__all__ = ['AverageNormHook', 'SubclassReclusterHook']
