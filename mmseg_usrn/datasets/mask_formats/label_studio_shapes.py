"""Polygons, rectangles and ellipses of Label Studio as pixels."""

import numpy as np

from .coco import paint_coco
from .named import Size


def paint_shape(value: dict, size: Size) -> np.ndarray:
    """Rasterise a polygon, a rectangle or an ellipse, turned or not.

    Args:
        value: Its geometry; coordinates and lengths are in percent.
        size: (H, W).

    Returns:
        Booleans of shape (H, W).
    """
    scale = np.array(size[::-1]) / 100

    def pixels(*keys: str) -> np.ndarray:
        return np.array([value[key] for key in keys]) * scale

    angle = np.deg2rad(value.get('rotation') or 0)
    turn = np.array(
        [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    )
    if 'radiusX' in value:
        rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
        offset = np.stack([columns, rows], -1) - pixels('x', 'y')
        along = offset @ turn.T / pixels('radiusX', 'radiusY')
        return (along**2).sum(-1) <= 1
    if 'points' in value:
        corners = np.array(value['points']).reshape(-1, 2) * scale
    else:  # turned around its first corner
        sides = [[0, 0], [1, 0], [1, 1], [0, 1]] * pixels('width', 'height')
        corners = pixels('x', 'y') + sides @ turn
    on = paint_coco([corners.round(6).ravel().tolist()], size)
    return np.zeros(size, bool) if on is None else on
