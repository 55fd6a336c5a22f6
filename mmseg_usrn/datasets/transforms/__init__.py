"""Transforms of the labeled and unlabeled pipelines."""

from .add_cell_map import AddCellMap, grid_size
from .color import ColorJitter, GaussianBlur, ToGray
from .loading import LoadBands, LoadDeepImage, LoadWideAnnotations
from .multi_branch import MultiBranch
from .pack_labeled_inputs import PackLabeledInputs
from .padding import PadToSize, ReflectPad
from .random_long_side_resize import RandomLongSideResize

__all__ = [
    'AddCellMap',
    'ColorJitter',
    'GaussianBlur',
    'LoadBands',
    'LoadDeepImage',
    'LoadWideAnnotations',
    'MultiBranch',
    'PackLabeledInputs',
    'PadToSize',
    'RandomLongSideResize',
    'ReflectPad',
    'ToGray',
    'grid_size',
]
