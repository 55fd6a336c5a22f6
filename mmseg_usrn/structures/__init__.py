"""Data that the parts of the package hand to each other."""

from .labeled_features import LabeledFeatures
from .subclass_table import IGNORED_SUBCLASS, SubclassTable

__all__ = ['IGNORED_SUBCLASS', 'LabeledFeatures', 'SubclassTable']
