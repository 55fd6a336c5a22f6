"""Masks as images: indices, colours, and grey levels that were smoothed."""

from collections.abc import Sequence

import numpy as np
from mmseg.registry import TRANSFORMS

from ..image_files import LOSSY_SUFFIXES, MASK_SUFFIXES
from .base import MaskLoader
from .colors import (
    Color,
    code_color,
    color_codes,
    describe_colors,
    parse_color,
    read_gray,
    read_labelmap,
    read_rgb,
)

ALL_SUFFIXES = (*MASK_SUFFIXES, *LOSSY_SUFFIXES)
UNLISTED = ('error', 'ignore', 'nearest')
OF_NO_CLASS = 'is the colour of no class'


@TRANSFORMS.register_module()
class LoadIndexMasks(MaskLoader):
    """Load masks of class indices that the stock loader takes wrongly.

    For masks of three equal channels, GIF files, and JPEG files and values
    beyond 0 to 255 (-9999 for "no data"), which have to go through
    ``label_map``. ``LoadWideAnnotations`` is for more than 255 classes.
    Settings are those of :class:`MaskLoader`.
    """

    suffixes = ALL_SUFFIXES


@TRANSFORMS.register_module()
class LoadColorMasks(MaskLoader):
    """Load masks that paint every class in its colour.

    Args:
        colors: Colour(s) of every class: a list in the order of the classes,
            each an RGB colour or a list of them; or a dict from the name of a
            class to its colour(s); or the path of CVAT's ``labelmap.txt``
            or of a CSV file (``name,r,g,b``).
        classes: Names of the classes; needed unless ``colors`` is a list.
            ``FolderSegDataset`` fills them in.
        ignored: Colours of pixels without a label.
        unlisted: What becomes of other colours: ``'error'``, ``'ignore'``
            (no label) or ``'nearest'`` (the nearest of the colours, for
            masks with smoothed borders or saved as JPEG).
        **kwargs: As for :class:`MaskLoader`.

    Raises:
        ValueError: If a class has no colour, or two have the same.
    """

    suffixes = ALL_SUFFIXES
    takes_classes = True
    stores_values = False

    def __init__(
        self,
        colors: Sequence | dict | str,
        classes: Sequence[str] | None = None,
        ignored: Sequence = (),
        unlisted: str = 'error',
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        if unlisted not in UNLISTED:
            raise ValueError(
                f'LoadColorMasks: unlisted must be one of {UNLISTED}, got '
                f'{unlisted!r}'
            )
        self.unlisted = unlisted
        self.label_of: dict[Color, int] = {}
        for label, values in enumerate(_per_class(colors, classes)):
            for color in values:
                self._add(color, label)
        for color in ignored:
            self._add(parse_color(color), self.ignore_index)
        # Pages that are never written take no memory. 0: not listed.
        self.table = np.zeros(1 << 24, np.uint32)
        codes = color_codes(np.array([[*self.label_of]], np.uint8))[0]
        self.table[codes] = np.array([*self.label_of.values()]) + 1

    def _add(self, color: Color, label: int) -> None:
        if self.label_of.setdefault(color, label) != label:
            raise ValueError(
                f'LoadColorMasks: {color} is the colour of two classes, '
                f'{self.label_of[color]} and {label}'
            )

    def read(self, source, shape=None) -> np.ndarray:
        """Read class indices of shape (H, W), uint32."""
        codes = color_codes(read_rgb(self.get(source)))
        labels = self.table.take(codes)
        if not labels.all():
            labels = self._label_others(codes, labels, source)
        return labels - 1

    def _label_others(self, codes, labels, source) -> np.ndarray:
        """Label the pixels whose colour is not listed."""
        other = labels == 0
        found, where, counts = np.unique(
            codes[other], return_inverse=True, return_counts=True
        )
        if self.unlisted == 'error':
            shares = counts / codes.size
            raise ValueError(
                f'{source}: {describe_colors(found, shares)} {OF_NO_CLASS}; '
                'list it in colors or ignored, or set '
                "unlisted='nearest' or 'ignore'"
            )
        nearest = np.full(len(found), self.ignore_index)
        if self.unlisted == 'nearest':
            listed = np.array([*self.label_of], np.int32)
            there = np.array([code_color(code) for code in found], np.int32)
            distance = ((there[:, None] - listed) ** 2).sum(-1)
            values = np.array([*self.label_of.values()])
            nearest = values[distance.argmin(1)]
        labels[other] = nearest[where] + 1
        return labels


def _per_class(colors, classes) -> list[list[Color]]:
    """Colours of every class, in the order of the classes."""
    if isinstance(colors, str):
        colors = read_labelmap(colors)
    if isinstance(colors, dict):
        if not classes:
            raise ValueError(
                'LoadColorMasks needs the names of the classes to look up '
                'their colours: set classes'
            )
        missing = [name for name in classes if name not in colors]
        if missing:
            raise ValueError(
                f'no colour for {", ".join(missing)}; colours are given for '
                f'{", ".join(colors)}'
            )
        colors = [colors[name] for name in classes]
    if classes and len(colors) != len(classes):
        raise ValueError(
            f'{len(colors)} colours for {len(classes)} classes '
            f'({", ".join(classes)}): give one for each, in this order'
        )
    return [
        [parse_color(color) for color in value]
        if _is_list(value)
        else [parse_color(value)]
        for value in colors
    ]


def _is_list(value) -> bool:
    """Whether these are several colours."""
    return not isinstance(value, str) and not isinstance(value[0], int)


@TRANSFORMS.register_module()
class LoadThresholdMasks(MaskLoader):
    """Load masks of grey levels that smoothing or compression has blurred.

    A pixel has the class ``number of thresholds that its value reaches``:
    with ``thresholds=[128]``, values up to 127 are class 0 and the others
    class 1. Colours count by their brightness.

    Args:
        thresholds: Least value of class 1, of class 2, ...; increasing.
        **kwargs: As for :class:`MaskLoader`.

    Raises:
        ValueError: If the thresholds do not increase.
    """

    suffixes = ALL_SUFFIXES
    stores_values = False

    def __init__(self, thresholds: Sequence[float] = (128,), **kwargs) -> None:
        super().__init__(**kwargs)
        self.thresholds = [float(value) for value in thresholds]
        if not thresholds or np.any(np.diff(self.thresholds) <= 0):
            raise ValueError(
                'LoadThresholdMasks: thresholds must increase, got '
                f'{thresholds}'
            )

    def read(self, source, shape=None) -> np.ndarray:
        """Read class indices of shape (H, W), int64."""
        return np.digitize(read_gray(self.get(source)), self.thresholds)
