"""One batch through every part of a training, without a trace."""

import random
import re
import time
from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmseg_usrn.engine.dry_run import try_one_batch

UNLABELED = 'train_dataloader.dataset.unlabeled.pipeline'
PACK = dict(type='PackSegInputs')
LOAD = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]


@pytest.fixture
def try_out(toy_config):
    """Tries one batch of the toy config with some changes."""

    def try_out(changes=()):
        toy_config.merge_from_dict(dict(changes))
        init_default_scope('mmseg')
        runner = Runner.from_cfg(deepcopy(toy_config))
        try_one_batch(runner)
        return runner

    return try_out


def states() -> list[bytes]:
    """States of all random numbers of this process."""
    return [
        repr(random.getstate()).encode(),
        np.random.get_state()[1].tobytes(),
        torch.get_rng_state().numpy().tobytes(),
    ]


def test_leaves_no_trace(toy_config):
    init_default_scope('mmseg')
    runner = Runner.from_cfg(toy_config)
    weights = deepcopy(runner.model.state_dict())
    before, hub = states(), deepcopy(runner.message_hub.state_dict())
    was_training = runner.model.training
    start = time.monotonic()
    try_one_batch(runner)
    assert time.monotonic() - start < 10
    assert states() == before
    after = runner.model.state_dict()
    assert weights.keys() == after.keys()
    assert all(torch.equal(weights[name], after[name]) for name in weights)
    assert all(p.grad is None for p in runner.model.parameters())
    assert runner.model.training == was_training
    assert str(runner.message_hub.state_dict()) == str(hub)


def test_says_nothing_of_the_trial(toy_config, capfd):
    """Its validation would look like one of the run."""
    toy_config.log_level = 'INFO'
    init_default_scope('mmseg')
    runner = Runner.from_cfg(toy_config)
    runner.logger.info('starts')  # the logger has been asked for its level
    try_one_batch(runner)
    runner.logger.info('ends')
    shown = ''.join(capfd.readouterr())
    first, second = shown.splitlines()[-2:]
    assert first.endswith('starts') and second.endswith('ends')


def test_the_training_is_the_same_to_the_bit(toy_config, tmp_path):
    ends = []
    for number in range(2):
        config = deepcopy(toy_config)
        config.work_dir = str(tmp_path / str(number))
        runner = Runner.from_cfg(config)
        if number:
            try_one_batch(runner)
        runner.train()
        ends.append(runner.model.state_dict())
    first, second = ends
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_losses_have_the_precision_of_the_training(toy_config):
    """Clustering and validation have none but float32 there, too."""
    toy_config.optim_wrapper.type = 'BFloat16OptimWrapper'
    init_default_scope('mmseg')
    runner = Runner.from_cfg(toy_config)
    seen = set()
    runner.model.backbone.trunk.conv1.register_forward_hook(
        lambda conv, args, out: seen.add((conv.training, out.dtype))
    )
    try_one_batch(runner)
    assert seen == {(True, torch.bfloat16), (False, torch.float32)}


def test_too_little_memory_names_what_needs_less(toy_config):
    init_default_scope('mmseg')
    runner = Runner.from_cfg(toy_config)

    def run_out(*args):
        raise torch.cuda.OutOfMemoryError('CUDA out of memory.')

    runner.model.backbone.trunk.conv1.register_forward_hook(run_out)
    with pytest.raises(ValueError, match='CUDA out of memory') as error:
        try_one_batch(runner)
    assert 'lower train_dataloader.batch_size' in str(error.value)
    assert 'add --amp' in str(error.value)
    assert 'channels' not in str(error.value)


@pytest.mark.parametrize('kind', ['SelfTraining', 'EncoderDecoder'])
def test_other_models(toy_config, try_out, kind):
    toy_config.custom_hooks = []
    toy_config.model.pop('num_subclasses')
    toy_config.model.type = kind
    if kind == 'EncoderDecoder':
        dataset = toy_config.train_dataloader.dataset
        toy_config.train_dataloader.dataset = dataset.labeled
    else:
        toy_config.model.warmup_iters = 3
    try_out()


@pytest.mark.parametrize(
    'changes, where, why',
    [
        (
            {'model.decode_head.in_channels': 32},
            'learning from labeled images',
            'RuntimeError',
        ),
        (
            {
                'train_dataloader.dataset.feature_pipeline': [
                    *LOAD,
                    dict(type='Resize', scale=(8, 8)),
                    dict(type='OwnNoise'),
                    PACK,
                ]
            },
            'clustering',
            'draws at random',
        ),
        (
            {
                f'{UNLABELED}.4.unsup_strong': [
                    dict(type='Resize', scale=(20, 20)),
                    PACK,
                ]
            },
            'loading a batch',
            'img_shape of unsup_strong is (20, 20), that of unsup_weak',
        ),
        (
            {
                'val_dataloader.dataset.pipeline': [
                    LOAD[0],
                    PACK,
                ]
            },
            'the validation',
            'gt_sem_seg',
        ),
        (
            {
                'model.test_cfg': dict(
                    mode='slide', crop_size=(40, 40), stride=None
                )
            },
            'the validation',
            'TypeError',
        ),
        (
            {
                'optim_wrapper.paramwise_cfg': dict(
                    custom_keys={'bakbone': dict(lr_mult=0.1)}
                )
            },
            'the optimiser',
            'do you mean backbone?',
        ),
        (
            {
                'optim_wrapper.paramwise_cfg': dict(
                    custom_keys={'backbone.trunc': dict(lr_mult=0.1)}
                )
            },
            'the optimiser',
            'do you mean backbone.trunk?',
        ),
        (
            {'model.num_subclasses': 5000},
            'clustering',
            'lower num_subclasses',
        ),
        (
            {'default_hooks.checkpoint.save_best': 'mDice'},
            'the validation',
            "save_best='mDice' is not reported, only aAcc, mIoU, mAcc",
        ),
    ],
)
def test_late_failures_show_at_once(try_out, own_noise, changes, where, why):
    with pytest.raises(ValueError, match=re.escape(why)) as error:
        try_out(changes)
    assert str(error.value).startswith(f'{where} would fail: ')
    assert 'look at ' in str(error.value)


@pytest.fixture
def own_noise():
    """A transform of a user's own that draws."""
    from mmcv.transforms import BaseTransform
    from mmseg.registry import TRANSFORMS

    @TRANSFORMS.register_module(force=True)
    class OwnNoise(BaseTransform):
        def transform(self, results):
            image = results['img']
            noise = np.random.randint(0, 2, image.shape, np.uint8)
            return dict(results, img=image ^ noise)


def test_a_fault_of_ours_shows_as_it_is(try_out, monkeypatch):
    """Here: a line of the segmentor calls what is no function."""
    monkeypatch.setattr(
        'mmseg_usrn.models.segmentors.usrn.masked_cross_entropy', None
    )
    with pytest.raises(TypeError, match='not callable'):
        try_out()


@pytest.mark.parametrize(
    'collate',
    [pseudo_collate, dict(type=pseudo_collate), dict(type='pseudo_collate')],
)
def test_collate_functions(toy_config, collate):
    """Given as MMEngine takes them, though it cannot print all of them."""
    init_default_scope('mmseg')
    runner = Runner.from_cfg(toy_config)
    runner.cfg.train_dataloader.collate_fn = collate
    try_one_batch(runner)
