"""Loaders of masks of any usual form; each takes the place of the stock one.

``FolderSegDataset(mask_format=dict(type='LoadColorMasks', colors=[...]))``
is the one setting; pipelines keep ``LoadAnnotations``. The modules
:mod:`.named` and :mod:`.records` hold what several formats share.
"""

from .arrays import LoadArrayMasks
from .base import MaskLoader, with_mask_loader
from .class_files import LoadClassFileMasks
from .coco import LoadCocoMasks
from .colors import parse_color, read_labelmap
from .detect import DetectedFormat, detect_mask_format
from .images import LoadColorMasks, LoadIndexMasks, LoadThresholdMasks
from .label_studio import LoadLabelStudioMasks
from .labelme import LoadLabelMeMasks
from .named import NamedMaskLoader, find_background
from .yolo import LoadYoloMasks

__all__ = [
    'DetectedFormat',
    'LoadArrayMasks',
    'LoadClassFileMasks',
    'LoadCocoMasks',
    'LoadColorMasks',
    'LoadIndexMasks',
    'LoadLabelMeMasks',
    'LoadLabelStudioMasks',
    'LoadThresholdMasks',
    'LoadYoloMasks',
    'MaskLoader',
    'NamedMaskLoader',
    'detect_mask_format',
    'find_background',
    'parse_color',
    'read_labelmap',
    'with_mask_loader',
]
