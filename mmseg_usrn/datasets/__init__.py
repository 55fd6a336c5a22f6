"""Datasets and transforms."""

from .folder_dataset import FolderSegDataset
from .paired_dataset import PairedDataset
from .transforms import AddCellMap, MultiBranch, PackLabeledInputs
from .unlabeled_dataset import UnlabeledDataset

__all__ = [
    'AddCellMap',
    'FolderSegDataset',
    'MultiBranch',
    'PackLabeledInputs',
    'PairedDataset',
    'UnlabeledDataset',
]
