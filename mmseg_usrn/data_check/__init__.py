"""The data check that runs before training and as a command."""

from .check import (
    CACHE_NAME,
    check_before_training,
    check_config,
    check_data,
)
from .labels import Cause, LabelRules, likely_cause
from .report import DataReport, Finding

__all__ = [
    'CACHE_NAME',
    'Cause',
    'DataReport',
    'Finding',
    'LabelRules',
    'check_before_training',
    'check_config',
    'check_data',
    'likely_cause',
]
