"""What a training shows on the screen, and what its log file keeps."""

import os
import re

import pytest
import torch
from mmengine.structures import PixelData
from mmengine.utils.dl_utils import set_multi_processing
from mmseg.models.backbones import ResNet

from mmseg_usrn.engine.runner import NOISE


def start_in_several_processes():
    os.environ.pop('MKL_NUM_THREADS', None)
    set_multi_processing(distributed=True)


@pytest.mark.parametrize(
    'cause',
    [
        start_in_several_processes,
        lambda: ResNet(18, pretrained='torchvision://resnet18'),
        lambda: PixelData(data=torch.zeros(4, 4)),
    ],
)
def test_what_others_say_in_every_run_is_noise(monkeypatch, cause):
    for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS'):
        monkeypatch.setenv(name, '1')
    with pytest.warns(UserWarning) as found:
        cause()
    (text,) = {str(warning.message) for warning in found}
    assert any(re.match(noise, text) for noise in NOISE)


@pytest.mark.slow
def test_the_screen_is_short_and_the_log_file_is_whole(
    run_tool, project_root, tmp_path
):
    run_tool('demo_images.py', cwd=tmp_path)
    done = run_tool(
        *('train.py', project_root / 'configs/usrn/demo.py'),
        *(
            '--cfg-options',
            'train_cfg.max_iters=2',
            'train_cfg.val_interval=2',
            'param_scheduler.0.end=1',
            'param_scheduler.1.begin=1',
            'param_scheduler.1.end=2',
            'custom_hooks.0.interval=None',
        ),
        'custom_hooks.0.warmup_iters=1',
        'default_hooks.logger.interval=1',
        cwd=tmp_path,
    )
    lines = done.stdout.splitlines()
    first = next(i for i, line in enumerate(lines) if 'Iter(train)' in line)
    assert first <= 120, done.stdout
    for noise in ('paramwise_options', 'OneDL', 'safely load', 'Config:'):
        assert noise not in done.stdout
    (log,) = tmp_path.glob('work_dirs/demo/*/*.log')
    whole = log.read_text()
    assert 'Config:' in whole and 'System environment' in whole
    assert (tmp_path / 'work_dirs/demo/demo.py').is_file()
