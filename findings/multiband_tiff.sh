#!/usr/bin/env bash
# A TIFF of several bands read by OpenCV 4.12.0: what is not marked as RGB comes
# back as its first band alone, also with IMREAD_UNCHANGED, and nothing is said.
#
# tifffile 2025.10.16 writes the same 8x12 image of 4 bands (20, 40, 60, 80)
# with both photometric interpretations; multispectral files and stacks of
# rasters are MINISBLACK. Seen, shape and first pixel:
#   RGB:                  (8, 12, 4)  60 40 20 80  (the first three reversed)
#   MINISBLACK:           (8, 12)     20
#   MINISBLACK, by plane: (8, 12)     20
# cv2.imreadmulti has one page of the same; tifffile reads all four bands.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tifffile==2025.10.16 \
    opencv-python-headless==4.12.0.88 numpy==2.2.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import cv2
import numpy as np
import tifffile

image = np.zeros((8, 12, 4), np.uint8) + np.uint8([20, 40, 60, 80])
planes = np.moveaxis(image, -1, 0).copy()
ways = {
    'RGB': (image, dict(photometric='rgb', extrasamples=['unspecified'])),
    'MINISBLACK': (image, dict(photometric='minisblack')),
    'MINISBLACK, by plane': (
        planes,
        dict(photometric='minisblack', planarconfig='separate'),
    ),
}
expected = [((8, 12, 4), [60, 40, 20, 80]), ((8, 12), 20), ((8, 12), 20)]
for (name, (array, how)), wanted in zip(ways.items(), expected, strict=True):
    how |= dict(planarconfig=how.get('planarconfig', 'contig'))
    tifffile.imwrite('bands.tif', array, **how)
    assert (tifffile.imread('bands.tif') == array).all()
    found = cv2.imread('bands.tif', cv2.IMREAD_UNCHANGED)
    print(f'{name}: {found.shape} {found[0, 0].tolist()}')
    assert (found.shape, found[0, 0].tolist()) == wanted
    _, pages = cv2.imreadmulti('bands.tif', flags=cv2.IMREAD_UNCHANGED)
    assert [page.shape for page in pages] == [wanted[0]]
PYTHON
