#!/usr/bin/env bash
# ExponentialMovingAverage of onedl-mmengine 0.10.12 with update_buffers=True.
#
# Its docstring shows an average that is made inside of a model, as a teacher.
# The Runner moves such a model to its device afterwards, and precision may be
# changed later, too. With update_buffers=True the average keeps the tensors of
# a state_dict() that it took when it was built; those do not move along. So
# update_parameters() averages tensors that no module has any more, and the
# teacher stays as it was, without a word. With update_buffers=False, where the
# parameters themselves are kept, it follows.
# Seen (double() stands for a move: both replace the data of parameters): the
# teacher's weight is still the first one, 1.0, where 2.0, a copy of the
# student, is due at the first update.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.12.1 'numpy<2.3' \
    onedl-mmengine==0.10.12 opencv-python-headless==4.13.0.92 'setuptools<81'
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch
from mmengine.model import ExponentialMovingAverage
from torch import nn


def weight_after_update(update_buffers, moved):
    student = nn.Linear(1, 1)
    nn.init.constant_(student.weight, 1.0)
    teacher = ExponentialMovingAverage(student, update_buffers=update_buffers)
    if moved:
        student.double()
        teacher.double()
    nn.init.constant_(student.weight, 2.0)
    teacher.update_parameters(student)
    return teacher.module.weight.item()


for buffers in (False, True):
    for moved in (False, True):
        weight = weight_after_update(buffers, moved)
        print(f'update_buffers={buffers}, moved={moved}: weight {weight}')
        assert weight == (1.0 if buffers and moved else 2.0)
PYTHON
