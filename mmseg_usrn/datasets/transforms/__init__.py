"""Transforms of the labeled and unlabeled pipelines."""

from .add_cell_map import AddCellMap, grid_size
from .color import ColorJitter, GaussianBlur, ToGray
from .loading import LoadBands, LoadDeepImage, LoadWideAnnotations
from .multi_branch import MultiBranch
from .pack_labeled_inputs import PackLabeledInputs
from .random_scale_crop import RandomScaleCrop
from .reflect_pad import ReflectPad

__all__ = [
    'AddCellMap',
    'ColorJitter',
    'GaussianBlur',
    'LoadBands',
    'LoadDeepImage',
    'LoadWideAnnotations',
    'MultiBranch',
    'PackLabeledInputs',
    'RandomScaleCrop',
    'ReflectPad',
    'ToGray',
    'grid_size',
]
