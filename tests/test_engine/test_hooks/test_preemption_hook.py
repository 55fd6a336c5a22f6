"""A checkpoint before a run is stopped from outside."""

from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch
from uuid import uuid4

import pytest
import torch.distributed as dist
from mmengine.config import Config, ConfigDict
from mmengine.hooks import Hook

from mmseg_usrn.engine.hooks.preemption_hook import PreemptionHook
from mmseg_usrn.engine.preemption import Preempted, stop_request
from mmseg_usrn.engine.safe_runner import SafeRunner


def validate_three_images() -> None:
    """Without rounding up, the first rank has two images, the other one."""
    hook = PreemptionHook()
    stop_request.is_training = True
    loader = SimpleNamespace(batch_size=1, dataset=range(3))
    runner = SimpleNamespace(val_dataloader=loader, hooks=[])
    for index in range(2 - dist.get_rank()):
        hook.after_val_iter(runner, index)
    dist.barrier()


def test_ranks_with_other_numbers_of_images(run_ranks):
    run_ranks(validate_three_images, timeout=60)


class Signal(Hook):
    """Asks the run to stop in an iteration, as a signal does."""

    def __init__(self, iteration: int) -> None:
        self.iteration = iteration

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter + 1 == self.iteration:
            stop_request.name = 'SIGTERM'


def stop(config: Config, iteration: int) -> str:
    """What the log says of a run that is stopped in an iteration."""
    # MMEngine gives runs of one name and second one logger.
    config = deepcopy(config)
    config.experiment_name = uuid4().hex
    # Most of the time would go into the layout of the config's text.
    with patch.object(Config, 'pretty_text', property(str)):
        runner = SafeRunner.from_cfg(config)
        runner.register_hook(Signal(iteration))
        try:
            with pytest.raises(Preempted):
                runner.train()
        finally:
            stop_request.name, stop_request.is_training = '', False
    log = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
    return log.rpartition('stopped by SIGTERM ')[2].strip()


def checkpoints_of(config: Config) -> list[str]:
    return sorted(path.name for path in Path(config.work_dir).glob('*.pth'))


@pytest.fixture
def by_epoch(toy_config):
    """Three epochs of two iterations, warm-up only."""
    toy_config.train_cfg = ConfigDict(type='EpochBasedTrainLoop', max_epochs=3)
    toy_config.train_dataloader.update(
        sampler=dict(type='DefaultSampler', shuffle=True),
        batch_size=3,
    )
    toy_config.train_dataloader.dataset.unlabeled.indices = 6
    toy_config.default_hooks.checkpoint = dict(
        type='CheckpointHook', by_epoch=True, interval=1
    )
    return toy_config


def test_a_stopped_iteration_is_saved(toy_config):
    text = stop(toy_config, 2)
    assert text == 'after 2 iterations; --resume goes on from there'
    assert checkpoints_of(toy_config) == ['iter_2.pth']


def test_a_stopped_epoch_is_not_saved(by_epoch):
    text = stop(by_epoch, 1)
    assert text.startswith(
        'after 1 iterations; no checkpoint is saved, --resume starts over'
    )
    assert 'the end of an epoch' in text and not checkpoints_of(by_epoch)
    text = stop(by_epoch, 3)
    assert '; --resume goes on from epoch_1.pth, what came later' in text
    assert checkpoints_of(by_epoch) == ['epoch_1.pth']


def test_iterations_that_are_saved_within_an_epoch(by_epoch):
    by_epoch.default_hooks.checkpoint.by_epoch = False
    text = stop(by_epoch, 3)
    assert text.endswith('goes on from iter_3.pth and begins epoch 2 anew')
    assert checkpoints_of(by_epoch)[-1] == 'iter_3.pth'


@pytest.mark.parametrize('hook', [None, ConfigDict(type='CheckpointHook')])
def test_runs_that_save_nothing(toy_config, hook):
    toy_config.default_hooks.checkpoint = hook
    text = stop(toy_config, 2)
    assert 'no checkpoint is saved, --resume starts over' in text
    assert 'by_epoch=False' in text and not checkpoints_of(toy_config)
