"""Pictures of subclasses, pseudo labels, gate and class balance."""

from .colors import DROPPED, colorize, save_indexed, subclass_palette
from .drawing import (
    draw_gate,
    draw_pseudo_labels,
    draw_segmentation,
    draw_subclasses,
)
from .figures import plot_class_balance, plot_image_grid

__all__ = [
    'DROPPED',
    'colorize',
    'draw_gate',
    'draw_pseudo_labels',
    'draw_segmentation',
    'draw_subclasses',
    'plot_class_balance',
    'plot_image_grid',
    'save_indexed',
    'subclass_palette',
]
