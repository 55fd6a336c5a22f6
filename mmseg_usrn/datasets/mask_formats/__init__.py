"""Loaders of masks of any usual form; each takes the place of the stock one.

``FolderSegDataset(mask_format=dict(type='LoadColorMasks', colors=[...]))``
is the one setting; pipelines keep ``LoadAnnotations``.
"""

from .base import MaskLoader, with_mask_loader
from .images import LoadColorMasks, LoadThresholdMasks, read_labelmap

__all__ = [
    'LoadColorMasks',
    'LoadThresholdMasks',
    'MaskLoader',
    'read_labelmap',
    'with_mask_loader',
]
