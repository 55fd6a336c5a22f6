"""The data check that runs before training and as a command."""

from .check import (
    CACHE_NAME,
    check_before_training,
    check_config,
    check_data,
)
from .findings import make_report
from .labels import Cause, LabelRules, likely_cause
from .report import DataReport, Finding
from .scan import Scan

__all__ = [
    'CACHE_NAME',
    'Cause',
    'DataReport',
    'Finding',
    'LabelRules',
    'Scan',
    'check_before_training',
    'check_config',
    'check_data',
    'likely_cause',
    'make_report',
]
