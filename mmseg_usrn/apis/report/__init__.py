"""One page about a trained model."""

from .page import write_report
from .run_record import RunRecord, read_run

__all__ = ['RunRecord', 'read_run', 'write_report']
