"""Label maps drawn over images.

Letters: ``K`` classes, ``S`` subclasses, ``H, W`` size of the image; ``h, w``
size of a map, which may be smaller than the image and is enlarged. Images are
(H, W, 3) uint8, RGB.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from .colors import DROPPED, Palette, colorize, subclass_palette

AGREED_COLOR = (110, 165, 215)
DISAGREED_COLOR = (225, 30, 120)


def draw_segmentation(
    image: np.ndarray,
    labels: np.ndarray,
    palette: Palette,
    opacity: float = 0.75,
) -> np.ndarray:
    """Labels as colours over the image.

    Args:
        image: (H, W, 3).
        labels: (h, w) integers; 255 or -1 where there is no label.
        palette: ``K`` colours.
        opacity: 0 shows the image alone, 1 the labels alone.

    Returns:
        (H, W, 3) uint8.
    """
    labels = enlarge(labels, image)
    return _blend(image, colorize(labels, palette), opacity)


def draw_subclasses(
    image: np.ndarray,
    subclasses: np.ndarray,
    subclass_to_class: Sequence[int],
    palette: Palette,
    opacity: float = 0.9,
) -> np.ndarray:
    """Subclasses as shades of their class's colour over the image.

    Args:
        image: (H, W, 3).
        subclasses: (h, w) integers; negative where there is none.
        subclass_to_class: ``S`` classes.
        palette: ``K`` colours of the classes.
        opacity: 0 shows the image alone, 1 the subclasses alone.

    Returns:
        (H, W, 3) uint8.
    """
    shades = subclass_palette(palette, subclass_to_class)
    return draw_segmentation(image, subclasses, shades, opacity)


def draw_gate(
    image: np.ndarray, gate: np.ndarray, disagreed: np.ndarray
) -> np.ndarray:
    """Where the subclass branch restricts the class branch.

    Args:
        image: (H, W, 3).
        gate: (h, w) bool, in :data:`AGREED_COLOR`.
        disagreed: (h, w) bool, the part of it where the branches disagree, in
            :data:`DISAGREED_COLOR`.

    Returns:
        (H, W, 3) uint8; the rest of the image is grey.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    paper = np.repeat(gray[..., None] // 2 + 110, 3, axis=2).astype(np.uint8)
    canvas = paper
    for mask, color in ((gate, AGREED_COLOR), (disagreed, DISAGREED_COLOR)):
        inside = enlarge(mask, image).astype(bool)[..., None]
        marked = _blend(paper, np.full_like(paper, color), 0.75)
        canvas = np.where(inside, marked, canvas)
    return canvas


def enlarge(labels: np.ndarray, image: np.ndarray) -> np.ndarray:
    """A map (h, w) of labels at the size of the image, int32."""
    height, width = image.shape[:2]
    return cv2.resize(
        np.asarray(labels).astype(np.int32),
        (width, height),
        interpolation=cv2.INTER_NEAREST,
    )


def _blend(image: np.ndarray, top: np.ndarray, opacity: float) -> np.ndarray:
    """Mix; pixels without a label are covered entirely."""
    mixed = cv2.addWeighted(top, opacity, image, 1 - opacity, 0)
    bare = (top == np.array(DROPPED)).all(axis=2, keepdims=True)
    return np.where(bare, top, mixed)
