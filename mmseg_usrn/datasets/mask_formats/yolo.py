"""Masks in YOLO's segmentation format: one text file per image."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from mmseg.registry import TRANSFORMS

from .named import NamedMaskLoader, Size, need_shape

EPSILON = 1e-3  # pixels; what writing few digits may take from a coordinate


@TRANSFORMS.register_module()
class LoadYoloMasks(NamedMaskLoader):
    """Load masks from YOLO's text files.

    A line is ``number x1 y1 x2 y2 ...``, the coordinates in shares of width
    and height; an empty file is an image of background only. Polygons are
    painted as Ultralytics paints them. Where they overlap, the later one
    counts.

    Args:
        classes: Names of the classes.
        names: Names of the numbers in the files, as in the ``names`` of the
            YAML file: a list from 0 on, or a mapping from numbers. Defaults
            to the classes without the background.
        **kwargs: As for :class:`NamedMaskLoader`.
    """

    suffixes = ('.txt',)

    def __init__(
        self,
        classes: Sequence[str],
        names: Sequence[str] | Mapping[int, str] | None = None,
        **kwargs,
    ) -> None:
        super().__init__(classes, **kwargs)
        if names is None:
            background = (
                None
                if self.base_label == self.ignore_index
                else self.classes[self.base_label]
            )
            names = [name for name in self.classes if name != background]
        if not isinstance(names, Mapping):
            names = dict(enumerate(names))
        self.names = {int(number): name for number, name in names.items()}

    def read(self, source, shape=None) -> np.ndarray:
        """Paint class indices of shape (H, W), int32.

        Raises:
            ValueError: If a line is of another form.
        """
        labels = self.blank(need_shape(shape, source))
        try:
            text = self.get(source).decode('utf-8-sig')
        except UnicodeDecodeError as error:
            raise ValueError(f'{source} is no UTF-8 text: {error}') from None
        for place, line in enumerate(text.splitlines(), 1):
            if line.strip():
                where = f'{source}, line {place}'
                number, polygon = parse_line(line, labels.shape, where)
                if number not in self.names:
                    named = [f'{n} ({s})' for n, s in self.names.items()]
                    raise ValueError(
                        f'{where}: the class {number} has no name; those '
                        f'with one are {", ".join(named)}'
                    )
                label = self.label_of(self.names[number], where)
                cv2.fillPoly(labels, [polygon], label)
        return labels


def parse_line(line: str, size: Size, where: str) -> tuple[int, np.ndarray]:
    """Read a line.

    Args:
        line: Class and coordinates.
        size: (H, W) of the image.
        where: Where it stands; for the text of an error.

    Returns:
        The class's number, and pixels of shape (N, 2) as x and y, int32.

    Raises:
        ValueError: If it is no polygon.
    """
    try:
        number, *values = [float(value) for value in line.split()]
    except ValueError:
        raise ValueError(f'{where}: {line[:40]!r} are no numbers') from None
    if len(values) == 4:
        raise ValueError(f'{where}: a box, not a polygon; masks need polygons')
    if len(values) < 6 or len(values) % 2 or not number.is_integer():
        raise ValueError(
            f'{where}: a class and three or more points are needed, got '
            f'{len(values) + 1} numbers'
        )
    points = np.array(values).reshape(-1, 2)
    if not (points.min() >= -0.01 and points.max() <= 1.01):
        raise ValueError(
            f'{where}: coordinates must be shares of width and height, 0 to '
            f'1; they go from {points.min():g} to {points.max():g}'
        )
    pixels = np.floor(points * size[::-1] + EPSILON)
    return int(number), pixels.astype(np.int32)
