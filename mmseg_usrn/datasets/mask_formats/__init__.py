"""Loaders of masks of any usual form; each takes the place of the stock one.

``FolderSegDataset(mask_format=dict(type='LoadColorMasks', colors=[...]))``
is the one setting; pipelines keep ``LoadAnnotations``. The modules
:mod:`.named` and :mod:`.records` hold what several formats share.
"""

from .arrays import LoadArrayMasks
from .base import MaskLoader, with_mask_loader
from .class_files import LoadClassFileMasks
from .coco import LoadCocoMasks
from .images import LoadColorMasks, LoadThresholdMasks, read_labelmap
from .label_studio import LoadLabelStudioMasks
from .labelme import LoadLabelMeMasks
from .named import NamedMaskLoader, find_background
from .yolo import LoadYoloMasks

__all__ = [
    'LoadArrayMasks',
    'LoadClassFileMasks',
    'LoadCocoMasks',
    'LoadColorMasks',
    'LoadLabelMeMasks',
    'LoadLabelStudioMasks',
    'LoadThresholdMasks',
    'LoadYoloMasks',
    'MaskLoader',
    'NamedMaskLoader',
    'find_background',
    'read_labelmap',
    'with_mask_loader',
]
