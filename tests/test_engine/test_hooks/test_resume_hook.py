"""Checkpoints of another run, and what the best one holds."""

from copy import deepcopy
from pathlib import Path

import pytest
from mmseg.registry import MODELS

from mmseg_usrn.engine.safe_runner import SafeRunner
from mmseg_usrn.models.checkpoints import load_weights, read_checkpoint


@pytest.fixture
def stopped(toy_config):
    """The config of a run that has ended, with resume."""
    toy_config.default_hooks.checkpoint.save_best = 'mIoU'
    toy_config.train_cfg.val_interval = 3
    toy_config.param_scheduler = [dict(type='PolyLR', end=6, by_epoch=False)]
    SafeRunner.from_cfg(deepcopy(toy_config)).train()
    toy_config.resume = True
    return toy_config


def configs_in(cfg):
    """Text of the configs that are written in the work dir."""
    return {p: p.read_text() for p in Path(cfg.work_dir).glob('*.py')}


def other_images(cfg):
    cfg.train_dataloader.dataset.labeled.indices = 4


def other_classes(cfg):
    names = ('ground', 'one', 'two', 'three')
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        loader.dataset.metainfo.classes = names[::-1]
    dataset = cfg.train_dataloader.dataset
    dataset.labeled.metainfo.classes = names[::-1]
    dataset.unlabeled.metainfo.classes = names[::-1]


def other_subclasses(cfg):
    cfg.model.num_subclasses = 9


def other_settings(cfg):
    cfg.model.threshold = 0.9
    cfg.model.teacher_momentum = None


def other_cells(cfg):
    cfg.train_dataloader.dataset.labeled.pipeline[2].stride = 4


def longer(cfg):
    cfg.train_cfg.max_iters = 12
    cfg.param_scheduler[0]['end'] = 12


def other_interval(cfg):
    cfg.custom_hooks[0].interval = 3


def other_groups(cfg):
    cfg.optim_wrapper.paramwise_cfg = dict(
        custom_keys=dict(backbone=dict(lr_mult=0.1))
    )


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (other_groups, r'of .*iter_6\.pth has other .*=DefaultOptimWrap'),
        (other_images, r'labeled images: 5 .* in the checkpoint, 4 '),
        (other_classes, r'classes: ..ground.*checkpoint, ..three'),
        (other_subclasses, 'model.num_subclasses: 8 in the checkpoint, 9 now'),
        (other_settings, 'model.threshold: 0.95 in the checkpoint, 0.9 now'),
        (other_settings, '--cfg-options model.threshold=0.95 model.teacher_m'),
        (other_cells, 'AddCellMap.stride: 8 in the checkpoint, 4 now'),
        (longer, "param_scheduler: .*'end': 6.*'end': 12"),
        (other_interval, "SubclassReclusterHook: .*'interval': 3"),
    ],
)
def test_another_run_is_refused(stopped, change, message):
    change(stopped)
    before = configs_in(stopped)
    with pytest.raises(ValueError, match=message) as caught:
        SafeRunner.from_cfg(stopped).train()
    assert '--work-dir' in str(caught.value)
    assert len(before) == 1 and configs_in(stopped) == before


def test_a_default_may_be_spelt_out(stopped):
    stopped.model.threshold = 0.95
    stopped.model.subclass_loss_weight = 1
    SafeRunner.from_cfg(stopped).train()


def test_the_best_checkpoint_is_small_and_whole(stopped, tmp_path):
    (best,) = (tmp_path / 'work_dir').glob('best_*.pth')
    checkpoint = read_checkpoint(str(best))
    assert 'optimizer' not in checkpoint
    names = set(checkpoint['state_dict'])
    assert not [name for name in names if name.startswith('teacher.')]
    model = MODELS.build(stopped.model)
    assert load_weights(model, checkpoint).lines() == []
