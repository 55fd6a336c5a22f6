"""Datasets and transforms."""

from .folder_dataset import FolderSegDataset
from .paired_dataset import PairedDataset
from .sample_stream import PositionSampler, SampleStream
from .transforms import AddCellMap, MultiBranch, PackLabeledInputs
from .unlabeled_dataset import UnlabeledDataset

__all__ = [
    'AddCellMap',
    'FolderSegDataset',
    'MultiBranch',
    'PackLabeledInputs',
    'PairedDataset',
    'PositionSampler',
    'SampleStream',
    'UnlabeledDataset',
]
