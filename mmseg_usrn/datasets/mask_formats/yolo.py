"""Masks in YOLO's segmentation format: one text file per image."""

from collections.abc import Sequence

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
        names: Names of the numbers in the files, in order, as in the
            ``names`` of the YAML file. Defaults to the classes without the
            background.
        **kwargs: As for :class:`NamedMaskLoader`.
    """

    suffixes = ('.txt',)

    def __init__(
        self,
        classes: Sequence[str],
        names: Sequence[str] | None = None,
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
        self.names = list(names)

    def read(self, source, shape=None) -> np.ndarray:
        """Paint class indices of shape (H, W), int32.

        Raises:
            ValueError: If a line is of another form.
        """
        labels = self.blank(need_shape(shape, source))
        text = self.get(source).decode('utf-8-sig')
        for place, line in enumerate(text.splitlines(), 1):
            if line.strip():
                where = f'{source}, line {place}'
                number, polygon = parse_line(line, labels.shape, where)
                if number >= len(self.names):
                    raise ValueError(
                        f'{where}: the class {number} has no name; names are '
                        f'{", ".join(self.names)}'
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
    if len(values) < 6 or len(values) % 2 or number != int(number):
        raise ValueError(
            f'{where}: a class and three or more points are needed, got '
            f'{len(values) + 1} numbers'
        )
    points = np.array(values).reshape(-1, 2)
    if points.min() < -0.01 or points.max() > 1.01:
        raise ValueError(
            f'{where}: coordinates must be shares of width and height, 0 to '
            f'1; they go up to {points.max():g}'
        )
    pixels = np.floor(points * size[::-1] + EPSILON)
    return int(number), pixels.astype(np.int32)
