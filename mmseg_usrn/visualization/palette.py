"""Colours of subclasses. Letters: ``K`` classes, ``S`` subclasses."""

from collections.abc import Sequence

import numpy as np


def subclass_palette(
    class_palette: Sequence[Sequence[int]], subclass_to_class: Sequence[int]
) -> np.ndarray:
    """Shades of each class's colour, from dark to light.

    Args:
        class_palette: (K, 3) RGB colours of the classes, 0 to 255.
        subclass_to_class: (S,) class of every subclass, -1 for unused ones,
            which are black.

    Returns:
        (S, 3) uint8 RGB colours. A class with one subclass keeps its colour.
    """
    parents = np.asarray(subclass_to_class)
    palette = np.zeros((len(parents), 3), np.uint8)
    for k, colour in enumerate(np.asarray(class_palette, dtype=float)):
        own = np.flatnonzero(parents == k)
        # -0.6 (towards black) to 0.6 (towards white), 0 for a single one
        shade = 1.2 * (np.arange(len(own)) + 0.5) / max(len(own), 1) - 0.6
        towards = np.where(shade[:, None] < 0, 0.0, 255.0)
        share = np.abs(shade)[:, None]
        palette[own] = np.rint(colour + share * (towards - colour))
    return palette
