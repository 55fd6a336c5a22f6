"""Pictures of subclasses, pseudo labels, gate and class balance."""

from .colors import DROPPED, colorize, save_indexed, subclass_palette
from .drawing import (
    draw_gate,
    draw_segmentation,
    draw_subclasses,
)
from .figures import plot_class_balance, plot_image_grid
from .pictures import figure_picture, input_picture, shrink
from .pseudo_labels import draw_label_steps, plot_pseudo_labels

__all__ = [
    'DROPPED',
    'colorize',
    'draw_gate',
    'draw_label_steps',
    'draw_segmentation',
    'draw_subclasses',
    'figure_picture',
    'input_picture',
    'plot_class_balance',
    'plot_image_grid',
    'plot_pseudo_labels',
    'save_indexed',
    'shrink',
    'subclass_palette',
]
