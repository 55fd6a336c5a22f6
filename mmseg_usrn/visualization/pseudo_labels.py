"""How pseudo labels come about, as pictures.

Letters: ``K`` classes, ``H, W`` size of the image, (H, W, 3) uint8 RGB;
``h, w`` size of a map, which is enlarged to the image.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from .colors import Palette, colorize
from .drawing import (
    AGREED_COLOR,
    DISAGREED_COLOR,
    draw_gate,
    draw_segmentation,
    enlarge,
)
from .figures import plot_image_grid
from .pictures import resize_longest

SIDE = 256
"""Pixels of the longer side of a picture."""

_STRIPE, _GAP = 2, 6
"""Width of the stripes of the hatch, and of the gaps between them."""

_STRIPE_COLOR, _PAPER = (70, 70, 70), (255, 255, 255)
_MOST_NAMES = 24  # in the legend
_LONGEST = 26  # letters of an image's name


def draw_label_steps(
    view: np.ndarray,
    prediction: np.ndarray,
    labels: np.ndarray,
    kept: np.ndarray,
    palette: Palette,
    parents: np.ndarray | None = None,
    gate: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """The steps from a view to its pseudo label.

    Args:
        view: (H, W, 3).
        prediction: (h, w) likeliest class of the class branch.
        labels: (h, w) classes after the gate.
        kept: (h, w) bool, where the label is learned from.
        palette: ``K`` colours.
        parents: (h, w) classes of the subclass branch, -1 where its subclass
            is of none; None if there is no such branch.
        gate: (h, w) bool, where the subclass branch restricts the class
            branch; None like ``parents``.

    Returns:
        Pictures of one size, by title, in the order of the computation.
    """
    view = resize_longest(view, SIDE)
    pictures = {
        'weak view': view,
        'class branch': draw_segmentation(view, prediction, palette),
    }
    if parents is not None and gate is not None:
        pictures['subclass branch'] = draw_segmentation(view, parents, palette)
        disagreed = gate & (parents != prediction)
        pictures['gate'] = draw_gate(view, gate, disagreed)
    pictures['pseudo label'] = hatch(
        colorize(enlarge(labels, view), palette), ~kept
    )
    return pictures


def hatch(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Dark stripes on pale ground over a part of a picture.

    Args:
        picture: (H, W, 3).
        mask: (h, w) bool, the part.
    """
    height, width = picture.shape[:2]
    place = np.add.outer(np.arange(height), np.arange(width))
    stripe = place % (_STRIPE + _GAP) < _STRIPE
    pale = picture // 4 + np.array(_PAPER) * 3 // 4
    striped = np.where(stripe[..., None], _STRIPE_COLOR, pale)
    inside = enlarge(mask, picture).astype(bool)[..., None]
    return np.where(inside, striped, picture).astype(np.uint8)


def plot_pseudo_labels(
    images: Sequence[np.ndarray],
    maps: Mapping[str, Any],
    meta: Mapping,
    names: Sequence[str],
    title: str,
) -> Figure:
    """The steps of several images, one below the other, with a legend.

    Args:
        images: N views (H, W, 3).
        maps: Arguments of :func:`draw_label_steps` by name, arrays or tensors
            (N, h, w), or None.
        meta: ``classes`` and ``palette``; of more than 24 classes in the
            pictures none is named.
        names: What the images are called.
        title: Heading, in front of the shares of the pixels.
    """
    known = {
        name: np.asarray(value)
        for name, value in maps.items()
        if value is not None
    }
    rows = [
        draw_label_steps(
            image,
            palette=meta['palette'],
            **{name: value[index] for name, value in known.items()},
        )
        for index, image in enumerate(images)
    ]
    shown = _present(known)
    return plot_image_grid(
        rows,
        [meta['classes'][k] for k in shown],
        [meta['palette'][k] for k in shown],
        f'{title}: {_shares(known)}',
        names=[_short(name) for name in names],
        keys=_keys('gate' in known),
    )


def _present(maps: Mapping[str, np.ndarray]) -> list[int]:
    """Classes of the maps, none if they are too many to be named."""
    shown = [maps[n] for n in ('prediction', 'labels', 'parents') if n in maps]
    present = [k for k in np.unique(np.stack(shown)).tolist() if k >= 0]
    return present if len(present) <= _MOST_NAMES else []


def _shares(maps: Mapping[str, np.ndarray]) -> str:
    text = f'{maps["kept"].mean():.1%} kept'
    if 'gate' not in maps:
        return text
    disagreed = maps['gate'] & (maps['parents'] != maps['prediction'])
    return (
        f'{text}, gate acts on {maps["gate"].mean():.1%}, disagrees '
        f'on {disagreed.mean():.1%}'
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f'...{name[3 - _LONGEST :]}'


def _keys(with_gate: bool) -> list[Patch]:
    """What the legend says beside the classes."""
    rejected = Patch(
        facecolor='white', edgecolor='0.3', hatch='/////', label='rejected'
    )
    meanings = {
        'gate: agrees': AGREED_COLOR,
        'gate: disagrees': DISAGREED_COLOR,
    }
    gate = [
        Patch(color=(red / 255, green / 255, blue / 255), label=label)
        for label, (red, green, blue) in meanings.items()
    ]
    return [rejected, *gate] if with_gate else [rejected]
