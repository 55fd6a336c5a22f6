"""Checkpoints that a kill at any moment leaves whole."""

from pathlib import Path

import pytest
from mmengine.evaluator import BaseMetric
from mmengine.fileio.backends import LocalBackend
from mmengine.logging import MessageHub
from mmseg.registry import METRICS

from mmseg_usrn.engine.safe_runner import SafeRunner


@METRICS.register_module()
class IterationMetric(BaseMetric):
    """The iteration, so that every validation is better than the last."""

    def process(self, data_batch: dict, data_samples: list) -> None:
        self.results.append(None)

    def compute_metrics(self, results: list) -> dict:
        hub = MessageHub.get_current_instance()
        return {'iteration': hub.get_info('iter')}


def test_only_half_checkpoints_are_removed(toy_config, tmp_path):
    folder = tmp_path / 'work_dir'
    folder.mkdir()
    ours = (
        *('iter_3.pth.part', 'best_mIoU_iter_3.pth.part'),
        *('epoch_1.pth.part', 'last_checkpoint.part'),
    )
    users = ('video.mp4.part', 'weights.pth.part', 'notes.part')
    for name in (*ours, *users):
        (folder / name).touch()
    SafeRunner.from_cfg(toy_config).train()
    assert sorted(p.name for p in folder.glob('*.part')) == sorted(users)


@pytest.mark.parametrize('number', [1, 2, 3])
def test_an_older_checkpoint_goes_when_the_run_is_resumed(
    toy_config, number, monkeypatch
):
    """It is left by a kill after its successor was written."""
    config = toy_config
    config.train_cfg.val_interval = 2
    config.val_evaluator = {'type': 'IterationMetric'}
    config.default_hooks.checkpoint.update(
        interval=2, max_keep_ckpts=1, save_best='iteration', rule='greater'
    )
    removed = []

    def die(backend: LocalBackend, path: str) -> None:
        removed.append(Path(path).name)
        if len(removed) == number:
            raise KeyboardInterrupt
        remove(backend, path)

    remove = LocalBackend.remove
    monkeypatch.setattr(LocalBackend, 'remove', die)
    with pytest.raises(KeyboardInterrupt):
        SafeRunner.from_cfg(config).train()
    monkeypatch.undo()
    assert (Path(config.work_dir) / removed[-1]).exists()
    config.resume = True
    SafeRunner.from_cfg(config).train()
    left = sorted(path.name for path in Path(config.work_dir).glob('*.pth'))
    assert left == ['best_iteration_iter_6.pth', 'iter_6.pth']
