"""Model wrappers."""

from .two_pass_data_parallel import TwoPassDataParallel

__all__ = ['TwoPassDataParallel']
