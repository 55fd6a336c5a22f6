"""Semi-supervised semantic segmentation for MMSegmentation.

Importing the package registers its parts with MMSegmentation.
"""

# compat comes first: the others read configs.
from . import compat, datasets, engine, evaluation, models  # noqa: F401
from .version import __version__

__all__ = ['__version__']
