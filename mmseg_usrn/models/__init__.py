"""The network, its losses and its pseudo labels."""

from .backbones import ForkedBackbone
from .data_preprocessors import MultiBranchDataPreprocessor
from .decode_heads import DeepLabV3PlusHead, DualHead
from .losses import ValidPixelCrossEntropyLoss
from .segmentors import USRN, SelfTraining
from .wrappers import TwoPassDataParallel

__all__ = [
    'USRN',
    'DeepLabV3PlusHead',
    'DualHead',
    'ForkedBackbone',
    'MultiBranchDataPreprocessor',
    'SelfTraining',
    'TwoPassDataParallel',
    'ValidPixelCrossEntropyLoss',
]
