#!/usr/bin/env bash
# auto_scale_lr of onedl-mmengine 0.10.12 and accumulated gradients.
#
# A recipe for a batch of 8 says auto_scale_lr=dict(base_batch_size=8). Who has
# memory for 2 images sets batch_size=2 and accumulative_counts=4, so that a
# step sees 8 images, and expects the recipe's learning rate. Runner.scale_lr
# takes the batch of one forward pass times the number of processes; with
# enable=True it divides the rate by 4, though nothing is to be scaled.
# Seen: a rate of 0.8 becomes 0.2; without accumulation and 8 images it stays.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.12.1 'numpy<2.3' \
    onedl-mmengine==0.10.12 opencv-python-headless==4.13.0.92 'setuptools<81'
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import logging

import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner


class Line(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, numbers, mode='tensor'):
        return dict(loss=self.layer(numbers).square().mean())


def rate(batch_size, accumulated):
    loader = dict(
        batch_size=batch_size,
        dataset=[dict(numbers=torch.ones(1))] * 16,
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='default_collate'),
    )
    runner = Runner(
        Line(),
        'run',
        train_dataloader=loader,
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=4),
        optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=0.8),
            accumulative_counts=accumulated,
        ),
        auto_scale_lr=dict(base_batch_size=8, enable=True),
        default_hooks=dict(checkpoint=None, logger=None),
        experiment_name=f'batch_{batch_size}_{accumulated}',
        log_level=logging.ERROR,
    )
    runner.train()
    return runner.optim_wrapper.param_groups[0]['lr']


for batch_size, accumulated, expected in ((8, 1, 0.8), (2, 4, 0.2)):
    found = rate(batch_size, accumulated)
    print(f'{batch_size} images, {accumulated} accumulated: rate {found:g}')
    assert abs(found - expected) < 1e-9
PYTHON
