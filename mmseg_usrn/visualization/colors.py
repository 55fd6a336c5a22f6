"""Colours of labels.

Letters: ``K`` classes, ``S`` subclasses, ``H, W`` size of a map. Colours are
RGB, uint8.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

Palette = Sequence | np.ndarray
"""A colour for each label: three numbers from 0 to 255."""

DROPPED = (245, 245, 245)
"""Colour of pixels without a label."""

_LIGHTEST, _DARKEST = 0.6, -0.55


def subclass_palette(
    palette: Palette,
    subclass_to_class: Sequence[int] | np.ndarray,
) -> np.ndarray:
    """Shades of the class colour, from light to dark in each class.

    Args:
        palette: ``K`` class colours.
        subclass_to_class: ``S`` classes; -1 for a subclass that no class
            uses, which gets :data:`DROPPED`.

    Returns:
        (S, 3) uint8.
    """
    parents = np.asarray(subclass_to_class, dtype=int)
    colors = np.full((len(parents), 3), DROPPED, dtype=np.uint8)
    for k, color in enumerate(palette):
        own = np.flatnonzero(parents == k)
        shifts = np.linspace(_LIGHTEST, _DARKEST, len(own))
        if len(own) == 1:
            shifts = np.zeros(1)
        for subclass, shift in zip(own, shifts, strict=True):
            colors[subclass] = _shade(color, shift)
    return colors


def _shade(color: Sequence[int], shift: float) -> np.ndarray:
    """Mix with white (``shift`` above 0) or black (below 0)."""
    own = np.asarray(color, dtype=float)
    target = 255.0 if shift > 0 else 0.0
    return (own + abs(shift) * (target - own)).round().astype(np.uint8)


def colorize(labels: np.ndarray, palette: Palette) -> np.ndarray:
    """Every label as its colour.

    Args:
        labels: (H, W) integers; what the palette does not hold (ignored
            pixels, -1) gets :data:`DROPPED`.
        palette: Colours of the labels 0, 1, ...

    Returns:
        (H, W, 3) uint8.
    """
    colors = np.vstack([np.asarray(palette), DROPPED]).astype(np.uint8)
    known = (labels >= 0) & (labels < len(palette))
    return colors[np.where(known, labels, len(palette))]


def save_indexed(
    labels: np.ndarray, palette: np.ndarray, path: str | Path
) -> None:
    """Write an indexed PNG, or a 16-bit one for more than 255 labels.

    Args:
        labels: (H, W) integers from 0; 255 (65535 in a 16-bit file) where
            there is none.
        palette: (S, 3) uint8, colours of the labels.
        path: File to write.
    """
    if len(palette) > 255:
        Image.fromarray(labels.astype(np.uint16)).save(path)
        return
    image = Image.fromarray(labels.astype(np.uint8))
    # All 256 colours: of fewer, PNG keeps fewer bits of the index 255.
    colors = np.full((256, 3), DROPPED, np.uint8)
    colors[: len(palette)] = palette
    image.putpalette(colors.tobytes())
    image.save(path)
