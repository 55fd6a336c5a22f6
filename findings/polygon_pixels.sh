#!/usr/bin/env bash
# Which pixels a polygon covers: COCO's reader and OpenCV do not agree, so a
# mask that goes through cv2.findContours into COCO polygons comes back smaller.
#
# pycocotools 2.0.10 counts a polygon's coordinates from the corners of pixels,
# OpenCV 4.12.0 from their centres, outline included. Contours of OpenCV are
# centres: written into a COCO file as they are, every object loses its last row
# and column, and what is one pixel wide is gone. Seen:
#   square (10,10)-(20,20): pycocotools 100 pixels, cv2.fillPoly 121
#   two squares that touch: 0 pixels in common, 11 in common
#   mask of 10x10 to contour and back: 81 pixels, 100
#   pole of 20x1 to contour and back: 0 pixels, 20
# Shifting contours by half a pixel does not help (square: 81 still); RLE keeps
# every pixel.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pycocotools==2.0.10 \
    opencv-python-headless==4.12.0.88 numpy==2.2.6
"$folder/venv/bin/python" - <<'PYTHON'
import cv2
import numpy as np
from pycocotools import mask as coco

SIZE = (40, 40)


def by_coco(polygon):
    return coco.decode(coco.merge(coco.frPyObjects([polygon], *SIZE)))


def by_opencv(polygon):
    points = np.array(polygon, np.int32).reshape(-1, 2)
    return cv2.fillPoly(np.zeros(SIZE, np.uint8), [points], 1)


def contour(mask):
    found = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return found[0][0].flatten().tolist()


def seen(what, values, expected):
    print(f'{what}: pycocotools {values[0]}, OpenCV {values[1]}')
    assert tuple(map(int, values)) == expected, (what, values, expected)


left = [10, 10, 20, 10, 20, 20, 10, 20]
right = [20, 10, 30, 10, 30, 20, 20, 20]
square, pole = np.zeros((2, *SIZE), np.uint8)
square[10:20, 10:20] = 1
pole[10:30, 15] = 1
readers = (by_coco, by_opencv)
seen('square', [read(left).sum() for read in readers], (100, 121))
common = [(read(left) & read(right)).sum() for read in readers]
seen('common to neighbours', common, (0, 11))
back = [read(contour(square)).sum() for read in readers]
seen('10x10 and back', back, (81, 100))
back = [read(contour(pole)).sum() for read in readers]
seen('20x1 and back', back, (0, 20))
shifted = by_coco([value + 0.5 for value in contour(square)])
seen('10x10, shifted', (shifted.sum(), 100), (81, 100))
rle = coco.decode(coco.encode(np.asfortranarray(pole)))
assert (rle == pole).all()
PYTHON
