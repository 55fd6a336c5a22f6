"""Runs whose numbers go bad."""

import re
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import nn

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


class AmpOnCPU(AmpOptimWrapper):
    """MMEngine's wrapper wants a GPU, PyTorch's scaler does not."""

    def __init__(self, scale: float | None, **kwargs) -> None:
        OptimWrapper.__init__(self, **kwargs)
        self.loss_scaler = torch.amp.GradScaler('cpu', init_scale=1024.0)
        self._scale_update_param = scale  # as for loss_scale=512.0


class AmpRun:
    """Steps of one weight in mixed precision, seen by a hook."""

    def __init__(self, scale: float | None, every: int, fused: bool) -> None:
        self.weight = nn.Parameter(torch.ones(1))
        optimizer = torch.optim.SGD([self.weight], lr=0.01, fused=fused)
        self.every = every
        self.wrapper = AmpOnCPU(
            scale, optimizer=optimizer, accumulative_counts=every
        )
        self.runner = SimpleNamespace(
            optim_wrapper=self.wrapper, message_hub=MessageHub('amp'), iter=0
        )
        self.hook = FiniteLossHook(max_skipped=2)
        self.hook.before_train(self.runner)

    def go(self, *factors: float, reported: float | None = None) -> float:
        """Iterations of which the loss is a multiple of the weight.

        Args:
            *factors: These multiples.
            reported: The value of the loss for the hook, if another.

        Returns:
            The weight after them.
        """
        for factor in factors:
            loss = (self.weight * factor).sum()
            self.wrapper.update_params(loss)
            value = loss.detach() if reported is None else reported
            self.hook.after_train_iter(self.runner, 0, {}, {'sup.loss': value})
        return self.weight.item()


@pytest.fixture(
    params=[
        (scale, every, fused)
        for scale in (None, 512.0)
        for every in (1, 2, 3)
        for fused in (False, True)
    ]
)
def amp_run(request):
    """Scales that fall or not, updates at each iteration or not."""
    return AmpRun(*request.param)


def test_skipped_steps_are_counted(amp_run):
    every = amp_run.every
    fine, bad = [1.0] * every, [torch.inf] + [1.0] * (every - 1)
    before = amp_run.go(*fine)
    assert amp_run.go(*bad, *bad) == before
    assert (amp_run.hook.skipped, amp_run.hook.in_a_row) == (2, 2)
    after = amp_run.go(*fine)
    assert after < before and amp_run.hook.in_a_row == 0
    assert amp_run.go(*bad[::-1], *bad) == after
    log = amp_run.runner.message_hub.get_scalar('train/skipped_steps')
    assert log.current() == amp_run.hook.skipped == 4


def test_too_many_skipped_steps_end_the_run(amp_run):
    every = amp_run.every
    bad = [torch.nan] + [1.0] * (every - 1)
    amp_run.go(*bad, *bad)
    with pytest.raises(NotFiniteError, match='sup.loss is nan'):
        amp_run.go(*bad)
    assert amp_run.hook.skipped == 3 and amp_run.weight == 1


def test_gradients_that_are_never_finite_end_the_run(amp_run):
    every = amp_run.every
    amp_run.go(*[torch.inf] * 2 * every, reported=1.0)
    with pytest.raises(NotFiniteError, match='not in 3 steps in a row'):
        amp_run.go(*[torch.inf] * every, reported=1.0)


def test_a_step_from_a_loss_that_is_not_finite_ends_the_run(amp_run):
    """The gradients were finite, so the scaler has let it through."""
    with pytest.raises(NotFiniteError):
        amp_run.go(*[1.0] * amp_run.every, reported=float('nan'))
    assert amp_run.weight.item() < 1 and amp_run.hook.skipped == 0
