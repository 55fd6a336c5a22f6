"""Segmentors."""

from .self_training import SelfTraining
from .usrn import USRN

__all__ = ['USRN', 'SelfTraining']
