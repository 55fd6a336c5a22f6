#!/usr/bin/env bash
# The Runner of onedl-mmengine 0.10.12 and the config of a finished training.
#
# A training leaves its config beside its checkpoints, WORK_DIR/NAME.py, which
# is taken for the record of how these were made. But every Runner that is
# built writes that file, one that only tests, too, and before anything is
# loaded. So a test in the same work dir with other settings (another batch
# size, a wrapper for augmented tests) replaces the record of the training; so
# does a Runner that ends with an error when it is asked to resume.
# Seen: after the test the file has the test's batch size and no longer the
# training's; after a resume that finds no checkpoint it is that of the resume.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.12.1 'numpy<2.3' \
    onedl-mmengine==0.10.12 opencv-python-headless==4.13.0.92 'setuptools<81'
cd "$folder"
cat > toy.py <<'CONFIG'
work_dir = 'run'
loader = dict(
    batch_size=2,
    dataset=dict(type='Numbers'),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
model = dict(type='Line')
train_dataloader = loader
train_cfg = dict(type='IterBasedTrainLoop', max_iters=2)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
test_dataloader = dict(loader, batch_size=1)
test_cfg = dict()
default_hooks = dict(
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=2)
)
test_evaluator = dict(type='Count')
CONFIG
venv/bin/python -W ignore - <<'PYTHON'
import logging
import shutil
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, METRICS, MODELS
from mmengine.runner import Runner


@DATASETS.register_module()
class Numbers(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.full((1,), float(index))


@MODELS.register_module()
class Line(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, *numbers, mode='tensor'):
        y = self.layer(torch.stack(numbers))
        return dict(loss=y.square().mean()) if mode == 'loss' else list(y)


@METRICS.register_module()
class Count(BaseMetric):
    def process(self, batch, outputs):
        self.results += outputs

    def compute_metrics(self, results):
        return dict(count=len(results))


def settings(**changes):
    cfg = Config.fromfile('toy.py')
    cfg.log_level = logging.ERROR
    cfg.merge_from_dict(changes)
    return cfg


def recorded():
    cfg = Config.fromfile('run/toy.py')
    return cfg.optim_wrapper.optimizer.lr, cfg.test_dataloader.batch_size


Runner.from_cfg(settings()).train()
assert recorded() == (0.1, 1)

shutil.copytree('run', 'kept')
other = {'optim_wrapper.optimizer.lr': 0.5, 'test_dataloader.batch_size': 4}
Runner.from_cfg(settings(load_from='kept/iter_2.pth', **other)).test()
print('after a test: learning rate and batch size', *recorded())
assert recorded() == (0.5, 4)

other = {'optim_wrapper.optimizer.lr': 0.9}
runner = Runner.from_cfg(settings(resume=True, load_from='none.pth', **other))
try:
    runner.train()
except FileNotFoundError as error:
    print('a resume ends with', type(error).__name__)
else:
    raise AssertionError('there is nothing to resume from')
print('after it: learning rate', recorded()[0])
assert recorded()[0] == 0.9
PYTHON
