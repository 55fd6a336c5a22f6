"""Datasets and transforms."""

from .collate import one_message_collate
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
    'one_message_collate',
]
