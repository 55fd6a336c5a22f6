"""Predicted label maps in the formats of labelling tools.

A writer is a context; it gets the images one after the other. Letters: ``K``
classes, ``H, W`` pixels of an image.
"""

from .base import UNLABELED, LabelWriter, confident_labels
from .coco import CocoWriter
from .cvat import CvatWriter
from .label_studio import LabelStudioWriter, encode_brush
from .png import PngWriter

WRITERS: dict[str, type[LabelWriter]] = {
    'png': PngWriter,
    'cvat': CvatWriter,
    'coco': CocoWriter,
    'label-studio': LabelStudioWriter,
}

__all__ = [
    'UNLABELED',
    'WRITERS',
    'CocoWriter',
    'CvatWriter',
    'LabelStudioWriter',
    'LabelWriter',
    'PngWriter',
    'confident_labels',
    'encode_brush',
]
