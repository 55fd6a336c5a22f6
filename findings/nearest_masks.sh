#!/usr/bin/env bash
# "Nearest" in OpenCV 4.12.0 and Pillow 12.0.0 takes different pixels, so that a
# mask resized by one does not lie on an image resized by the other.
#
# cv2.INTER_NEAREST takes the first pixel of those that a target pixel covers,
# Pillow's NEAREST and cv2.INTER_NEAREST_EXACT the one in the middle, as the
# interpolations for images do. Seen, of columns 0 to 11 reduced to a third
# and to a half:
#   cv2.INTER_NEAREST        0 3 6 9    0 2 4 6 8 10
#   cv2.INTER_NEAREST_EXACT  1 4 7 10   1 3 5 7 9 11
#   Pillow NEAREST           1 4 7 10   1 3 5 7 9 11
# A pole in column 5 is gone in the first, halved, and whole in the others.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==12.0.0 \
    opencv-python-headless==4.12.0.88 numpy==2.2.6
"$folder/venv/bin/python" - <<'PYTHON'
import cv2
import numpy as np
from PIL import Image


def three_ways(mask, size):
    shape = (size, mask.shape[0])
    return {
        'cv2.INTER_NEAREST': cv2.resize(
            mask, shape, interpolation=cv2.INTER_NEAREST
        ),
        'cv2.INTER_NEAREST_EXACT': cv2.resize(
            mask, shape, interpolation=cv2.INTER_NEAREST_EXACT
        ),
        'Pillow NEAREST': np.asarray(
            Image.fromarray(mask).resize(shape, Image.Resampling.NEAREST)
        ),
    }


columns = np.tile(np.arange(12, dtype=np.uint8), (4, 1))
pole = (columns == 5).astype(np.uint8)
for factor in (3, 2):
    size = 12 // factor
    first = list(range(0, 12, factor))
    centre = [column + 1 for column in first]
    for name, mask in three_ways(columns, size).items():
        print(f'1/{factor} by {name}: columns {mask[0].tolist()}')
        wanted = first if name == 'cv2.INTER_NEAREST' else centre
        assert mask[0].tolist() == wanted, (name, mask[0])
pixels = [int(mask.sum()) for mask in three_ways(pole, 6).values()]
print(f'pole of 4 pixels in column 5, halved: {pixels}')
assert pixels == [0, 4, 4]
# Images: the middle of a third is column 1 of the three, by linear, too.
linear = cv2.resize(columns.astype(np.float32), (4, 4))[0].tolist()
print(f'1/3 of the image, linear: {linear}')
assert linear == [1, 4, 7, 10]
PYTHON
