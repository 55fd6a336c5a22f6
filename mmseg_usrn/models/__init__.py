"""The network, its losses and its pseudo labels."""

from .backbones import DINOv2, ForkedBackbone
from .data_preprocessors import MultiBranchDataPreprocessor
from .decode_heads import DeepLabV3PlusHead, DualHead
from .losses import ValidPixelCrossEntropyLoss
from .segmentors import USRN, SelfTraining
from .wrappers import TwoPassDataParallel

__all__ = [
    'USRN',
    'DINOv2',
    'DeepLabV3PlusHead',
    'DualHead',
    'ForkedBackbone',
    'MultiBranchDataPreprocessor',
    'SelfTraining',
    'TwoPassDataParallel',
    'ValidPixelCrossEntropyLoss',
]
