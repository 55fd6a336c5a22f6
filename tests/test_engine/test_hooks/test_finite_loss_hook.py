"""Runs whose numbers go bad."""

import re

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper

from mmseg_usrn.engine import NotFiniteError
from mmseg_usrn.engine.hooks.finite_loss_hook import FiniteLossHook
from mmseg_usrn.engine.safe_runner import SafeRunner


def test_the_run_ends_at_a_loss_that_is_no_number(toy_config, tmp_path):
    toy_config.optim_wrapper.optimizer = dict(type='SGD', lr=1e30)
    toy_config.default_hooks.checkpoint.interval = 1
    runner = SafeRunner.from_cfg(toy_config)
    with pytest.raises(NotFiniteError) as caught:
        runner.train()
    text = str(caught.value)
    iteration = int(re.match(r'iteration (\d+), rank 0: ', text)[1])
    assert 1 < iteration < 6
    assert re.search(r'sup.*/toy/labeled/\d.png', text)
    assert 'is nan' in text or 'is inf' in text
    for path in (tmp_path / 'work_dir').glob('*.pth'):
        weights = torch.load(path, weights_only=False)['state_dict']
        assert all(
            value.isfinite().all()
            for value in weights.values()
            if value.is_floating_point()
        )


def test_bad_weights_are_not_saved(toy_config, tmp_path):
    """A loss may look well while a weight is not."""

    class Spoil(Hook):
        def after_train_iter(self, runner, *args, **kwargs):
            if runner.iter == 2:
                runner.model.backbone.trunk.conv1.weight.data[0] = torch.nan

    toy_config.default_hooks.checkpoint.interval = 1
    runner = SafeRunner.from_cfg(toy_config)
    runner.register_hook(Spoil())
    with pytest.raises(NotFiniteError, match='backbone.trunk.conv1.weight'):
        runner.train()
    saved = sorted(p.name for p in (tmp_path / 'work_dir').glob('*.pth'))
    assert saved == ['iter_1.pth', 'iter_2.pth']


class Scaler:
    """The scale of a loss, as PyTorch's."""

    scale = 8.0

    def get_scale(self):
        return self.scale


@pytest.fixture
def amp_run(toy_config):
    """A run in mixed precision, its hook, and the scale of its loss."""
    runner = SafeRunner.from_cfg(toy_config)
    wrapper = AmpOptimWrapper.__new__(AmpOptimWrapper)
    wrapper.loss_scaler = Scaler()
    runner.optim_wrapper = wrapper
    hook = FiniteLossHook(max_skipped=2)
    hook.before_train(runner)
    return runner, hook, wrapper.loss_scaler


def test_skipped_steps_are_counted(amp_run):
    """The scale goes down where PyTorch leaves a step out."""
    runner, hook, scaler = amp_run
    bad = {'sup.loss': torch.tensor(torch.inf)}
    for _ in range(2):
        scaler.scale /= 2
        hook.after_train_iter(runner, 0, {}, bad)
    assert hook.skipped == 2
    hook.after_train_iter(runner, 0, {}, {'sup.loss': torch.tensor(1.0)})
    assert hook.in_a_row == 0
    log = runner.message_hub.get_scalar('train/skipped_steps')
    assert log.current() == 2


def test_too_many_skipped_steps_end_the_run(amp_run):
    runner, hook, scaler = amp_run
    bad = {'sup.loss': torch.tensor(torch.nan)}
    with pytest.raises(NotFiniteError, match='sup.loss is nan'):
        for _ in range(3):
            scaler.scale /= 2
            hook.after_train_iter(runner, 0, {}, bad)
