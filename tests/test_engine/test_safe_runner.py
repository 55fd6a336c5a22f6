"""Runs that begin with the weights of another run."""

import random
from copy import deepcopy
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from torch.utils.data import Dataset

from mmseg_usrn.engine.safe_runner import SafeRunner
from tests.trust.resume import VARIANTS

HEAD = {'usrn': 'decode_head.class_head', 'self_training': 'decode_head'}


class Draws(Dataset):
    """Numbers that a transform would draw."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> tuple:
        return random.random(), np.random.rand(), torch.rand(1).item()


def draws(*epochs: int) -> list:
    """All that is drawn in these epochs, by workers that start anew."""
    loader = SafeRunner.build_dataloader(
        dict(
            dataset=Draws(),
            batch_size=2,
            num_workers=2,
            sampler=dict(type='DefaultSampler', shuffle=False),
        ),
        seed=3,
    )
    found = []
    for epoch in epochs:
        loader.sampler.set_epoch(epoch)
        for batch in loader:
            found.extend(sum(batch, ()))
    return found


def test_workers_draw_other_numbers_in_each_epoch():
    found = draws(0, 1, 2)
    assert len(set(found)) == len(found) == 3 * 3 * 8
    assert found[48:] == draws(2), 'also where a run is resumed'


class Probe(Hook):
    """Keeps the weights before each iteration."""

    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self.weights: dict[int, dict] = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.weights[runner.iter] = deepcopy(runner.model.state_dict())


def run(config: Config, **options) -> dict[int, dict]:
    """Train; the weights before each iteration."""
    config = deepcopy(config)
    config.merge_from_dict(options)
    runner = SafeRunner.from_cfg(config)
    probe = Probe()
    runner.register_hook(probe)
    # Most of the time would go into the layout of the config's text.
    with patch.object(Config, 'pretty_text', property(str)):
        runner.train()
    return probe.weights


@pytest.fixture(params=HEAD)
def case(request, toy_config):
    """A run of each segmentor, its first pseudo labels in iteration 2."""
    VARIANTS[request.param](toy_config)
    toy_config.model.teacher_momentum = 0.01
    toy_config.train_cfg.max_iters = 4
    toy_config.default_hooks.checkpoint.interval = 3
    return toy_config, f'{HEAD[request.param]}.conv_seg.weight'


@pytest.mark.parametrize('how', ['load_from', 'init_cfg'])
def test_new_run_from_old_weights_has_a_new_teacher(case, tmp_path, how):
    """An old one would label with what the old run has averaged."""
    config, name = case
    run(config)
    path = f'{config.work_dir}/iter_4.pth'
    options = dict(
        load_from={'load_from': path},
        init_cfg={'model.init_cfg': dict(type='Pretrained', checkpoint=path)},
    )[how]
    weights = run(config, work_dir=str(tmp_path / 'second'), **options)
    student, after = weights[2], weights[3]
    assert after['teacher.steps'] == 1
    assert torch.equal(after[f'teacher.module.{name}'], student[name])


def test_new_run_from_old_weights_counts_its_own_classes(toy_config, tmp_path):
    """Those of the old run would outnumber them."""
    counts = 'logit_adjustment.pixels'
    first = run(toy_config)
    assert first[0][counts].sum() == 0 < first[1][counts].sum()
    path = f'{toy_config.work_dir}/iter_6.pth'
    again = run(toy_config, work_dir=str(tmp_path / 'second'), load_from=path)
    for name in (counts, 'logit_adjustment.kept'):
        assert torch.equal(again[0][name], first[0][name])
    assert torch.equal(again[1][counts], first[1][counts])


def test_a_resumed_run_keeps_its_teacher(case):
    config, name = case
    first = run(config)
    Path(config.work_dir, 'iter_4.pth').unlink()
    weights = run(config, resume=True)
    assert list(weights) == [3] and weights[3]['teacher.steps'] == 1
    teacher = f'teacher.module.{name}'
    assert torch.equal(weights[3][teacher], first[3][teacher])
    assert not torch.equal(weights[3][teacher], weights[3][name])


@pytest.mark.parametrize(('counts', 'lr'), [(1, 0.0025), (4, 0.01)])
def test_learning_rate_follows_the_images_of_a_step(toy_config, counts, lr):
    """Batches of 2, a recipe for steps of 8 images."""
    toy_config.optim_wrapper.accumulative_counts = counts
    toy_config.auto_scale_lr = dict(enable=True, base_batch_size=8)
    runner = SafeRunner.from_cfg(toy_config)
    wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.scale_lr(wrapper, runner.auto_scale_lr)
    assert wrapper.get_lr()['lr'] == [pytest.approx(lr)]


@pytest.mark.parametrize('more', [0, 2])
def test_a_finished_run_says_so_and_how_it_goes_on(toy_config, capfd, more):
    run(toy_config)
    written = configs_in(toy_config.work_dir)
    capfd.readouterr()
    toy_config.resume = True
    toy_config.train_cfg.max_iters += more
    assert len(run(toy_config)) == more
    said = ''.join(capfd.readouterr())
    finished = 'the run is finished (6 of 6 iterations), there is nothing'
    assert (finished in said) == (more == 0)
    assert 'with its checkpoint as load_from' in said or more
    assert (configs_in(toy_config.work_dir) == written) == (more == 0)


def configs_in(folder: str) -> dict[Path, str]:
    """Text of the configs that are written in a folder."""
    return {path: path.read_text() for path in Path(folder).glob('*.py')}
