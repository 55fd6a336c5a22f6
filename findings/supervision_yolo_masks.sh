#!/usr/bin/env bash
# Masks that supervision 0.26.1 writes as YOLO polygons and reads again: a hole
# becomes a second object of the same class, and borders move by a pixel.
#
# A polygon has no holes, so the outline of the hole is written as one more
# object; painted into a class mask, the hole is filled. Coordinates are
# written with 5 digits and cut off, not rounded, when they are read: they only
# survive where they are exact, as in 32 columns. Seen:
#   ring of 476 pixels in 32x32: objects of 576 and 140 pixels, 576 in all
#   18 squares of 10x10 in 32x32: all as they were
#   100 squares of 10x10 in 500x333: none as it was, 90 to 110 pixels
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet supervision==0.26.1 \
    opencv-python==4.12.0.88 numpy==2.2.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import cv2
import numpy as np
import supervision as sv


def there_and_back(masks, size):
    cv2.imwrite('a.png', np.zeros((*size, 3), np.uint8))
    masks = np.stack(masks)
    objects = sv.Detections(
        xyxy=sv.mask_to_xyxy(masks),
        mask=masks,
        class_id=np.zeros(len(masks), int),
    )
    dataset = sv.DetectionDataset(['leaf'], ['a.png'], {'a.png': objects})
    dataset.as_yolo('images', 'labels', 'data.yaml')
    back = sv.DetectionDataset.from_yolo('images', 'labels', 'data.yaml')
    ((_, _, objects),) = back
    return objects


def squares(size, count):
    for left in range(2, 2 + count):
        mask = np.zeros(size, bool)
        mask[8:18, left : left + 10] = True
        yield mask


ring = np.zeros((32, 32), bool)
ring[4:28, 4:28] = True
ring[10:20, 10:20] = False
found = there_and_back([ring], ring.shape)
pixels = [int(mask.sum()) for mask in found.mask]
union = int(found.mask.any(axis=0).sum())
print(f'ring of {ring.sum()}: {pixels}, classes {found.class_id}, {union}')
assert (ring.sum(), pixels, union) == (476, [576, 140], 576)
assert found.class_id.tolist() == [0, 0]
for size, count, unchanged in (((32, 32), 18, 18), ((333, 500), 100, 0)):
    masks = list(squares(size, count))
    found = there_and_back(masks, size).mask
    same = sum((a == b).all() for a, b in zip(masks, found, strict=True))
    pixels = sorted({int(mask.sum()) for mask in found})
    print(f'{count} squares in {size}: {same} the same, {pixels} pixels')
    assert same == unchanged
    assert pixels == ([100] if same else [90, 100, 110])
PYTHON
