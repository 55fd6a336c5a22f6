"""Masks in LabelMe's JSON format: one file of shapes per image."""

import base64
import io
import math

import numpy as np
from mmseg.registry import TRANSFORMS
from PIL import Image, ImageDraw

from .named import NamedMaskLoader, need_shape
from .records import load_json

IGNORED_LABEL = '__ignore__'
LINE_WIDTH = 10  # pixels, as LabelMe draws lines
POINT_RADIUS = 5  # likewise
POLYGONS = (None, '', 'polygon', 'oriented_rectangle', 'rotation')


def is_labelme(content) -> bool:
    """Whether the content of a JSON file has LabelMe's form."""
    return isinstance(content, dict) and isinstance(
        content.get('shapes'), list
    )


@TRANSFORMS.register_module()
class LoadLabelMeMasks(NamedMaskLoader):
    """Load masks from LabelMe's files, painted as LabelMe paints them.

    Where shapes overlap, the later one counts. Shapes labeled
    ``__ignore__`` have no label.

    Args:
        **kwargs: As for :class:`NamedMaskLoader`.
    """

    suffixes = ('.json',)

    def read(self, source, shape=None) -> np.ndarray:
        """Paint class indices of shape (H, W), int32.

        Raises:
            ValueError: If the file is of another form, or a shape is
                incomplete.
        """
        content = load_json(source, self.backend_args)
        if not is_labelme(content):
            raise ValueError(f'{source} is no LabelMe file: it has no shapes')
        size = (content.get('imageHeight'), content.get('imageWidth'))
        if None in size:
            size = need_shape(shape, source)
        canvas = Image.fromarray(self.blank(size))
        draw = ImageDraw.Draw(canvas)
        for number, item in enumerate(content['shapes'], 1):
            for key in ('label', 'points'):
                if key not in item:
                    raise ValueError(f'{source}: shape {number} has no {key}')
            label = self.ignore_index
            if item['label'] != IGNORED_LABEL:
                label = self.label_of(item['label'], source)
            if item.get('shape_type') == 'mask':
                _paste(canvas, item, label)
            else:
                _draw(draw, item, label, source)
        return np.asarray(canvas)


def _paste(canvas: Image.Image, item: dict, label: int) -> None:
    """Paint a shape that is a small picture of its box."""
    with Image.open(io.BytesIO(base64.b64decode(item['mask']))) as picture:
        on = np.asarray(picture.convert('L')) > 0
    (left, top), *_ = item['points']
    canvas.paste(label, (int(left), int(top)), Image.fromarray(on))


def _draw(draw: ImageDraw.ImageDraw, item: dict, label: int, source) -> None:
    """Paint a shape that is made of points."""
    kind = item.get('shape_type')
    points = [tuple(point) for point in item['points']]
    if kind == 'rectangle' and len(points) > 2:
        kind = 'polygon'
    if kind in POLYGONS:
        if len(points) > 2:
            draw.polygon(points, fill=label, outline=label)
    elif kind == 'rectangle':
        (x0, x1), (y0, y1) = (sorted(v) for v in zip(*points, strict=True))
        draw.rectangle((x0, y0, x1, y1), fill=label, outline=label)
    elif kind == 'circle':
        radius = math.dist(*points)
        _disc(draw, points[0], radius, label)
    elif kind in ('line', 'linestrip'):
        draw.line(points, fill=label, width=LINE_WIDTH)
    elif kind in ('point', 'points'):
        for point in points:
            _disc(draw, point, POINT_RADIUS, label)
    else:
        raise ValueError(
            f'{source} has a shape of the unknown type {kind!r}: convert it '
            'to a polygon'
        )


def _disc(draw, center, radius: float, label: int) -> None:
    x, y = center
    box = (x - radius, y - radius, x + radius, y + radius)
    draw.ellipse(box, fill=label, outline=label)
