#!/usr/bin/env bash
# Label maps of IoUMetric (onedl-mmsegmentation 1.4.2, output_dir).
#
# tools/test.py --out keeps the predicted label maps. They are named by the
# last part of the image's path, so images of the same name in two folders
# (cameras, cities, days) leave one file, that of the later one; and they are
# cast to 8 bits, so class 300 of a model with more than 256 classes is 44 in
# the file. The number of files or a warning do not tell.
# Seen: two images, camera1/0001.png of class 300 and camera2/0001.png of class
# 7, leave one file of class 7; class 300 alone leaves a file of class 44.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
    onedl-mmsegmentation==1.4.2 onedl-mmcv==2.3.6 \
    onedl-mmengine==0.10.12 torch==2.12.1 torchvision==0.27.1 'numpy<2.3' \
    'setuptools<81'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
from pathlib import Path

import numpy as np
import torch
from mmseg.evaluation import IoUMetric
from PIL import Image


def write(out, images):
    metric = IoUMetric(output_dir=out, format_only=True)
    metric.dataset_meta = dict(classes=[str(k) for k in range(301)])
    for name, label in images.items():
        labels = torch.full((1, 2, 2), label)
        sample = dict(pred_sem_seg=dict(data=labels), img_path=name)
        metric.process({}, [sample])
    return {
        str(path.relative_to(out)): np.unique(np.array(Image.open(path)))
        for path in Path(out).rglob('*.png')
    }


found = write('two', {'camera1/0001.png': 300, 'camera2/0001.png': 7})
print('two images:', found)
assert list(found) == ['0001.png'] and found['0001.png'].tolist() == [7]
found = write('one', {'camera1/0001.png': 300})
print('class 300:', found)
assert found['0001.png'].tolist() == [44]
PYTHON
