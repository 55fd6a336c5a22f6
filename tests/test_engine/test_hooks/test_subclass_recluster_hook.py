"""The hook in real runs of a tiny model.

The toy run has 6 iterations: 2 of warm-up, clustered at 2 and 4.
"""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.hooks import Hook
from mmengine.registry import HOOKS, init_default_scope
from mmengine.runner import Runner
from mmseg.registry import DATASETS, MODELS

from mmseg_usrn.engine import (
    SubclassReclusterHook,
    extract_labeled_features,
    recluster,
)


def state_of(table) -> dict:
    return {name: value.clone() for name, value in table.state_dict().items()}


def equal(first: dict, second: dict) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


@HOOKS.register_module(force=True)
class Probe(Hook):
    """Keeps what every iteration saw; runs after the hook under test."""

    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self.tables: dict[int, dict] = {}
        self.weights: dict[int, dict] = {}
        self.losses: dict[int, set] = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        model = runner.model
        self.tables[runner.iter] = state_of(model.subclass_table)
        self.weights[runner.iter] = deepcopy(model.state_dict())

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        assert all(torch.as_tensor(v).isfinite() for v in outputs.values())
        self.losses[runner.iter] = set(outputs)


def run(config, **options) -> tuple[Runner, Probe]:
    """Train; returns the runner and what the probe saw."""
    config = deepcopy(config)
    config.merge_from_dict(options)
    runner = Runner.from_cfg(config)
    probe = Probe()
    runner.register_hook(probe)
    runner.train()
    return runner, probe


@pytest.mark.parametrize(
    ('settings', 'first', 'later'),
    [
        (dict(), 0, []),
        (dict(warmup_iters=5), 5, []),
        (dict(warmup_iters=5, interval=3), 5, [8, 11, 14, 17]),
        (dict(interval=7), 0, [7, 14]),
    ],
)
def test_schedule(settings, first, later):
    hook = SubclassReclusterHook(**settings)
    due = [hook.is_due(i, is_ready=False) for i in range(20)]
    assert due == [i >= first for i in range(20)]
    due = [i for i in range(20) if hook.is_due(i, is_ready=True)]
    assert due == later


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(warmup_iters=-1), 'warmup_iters must be >= 0'),
        (dict(interval=0), 'interval >= 1 or None'),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(ValueError, match=message):
        SubclassReclusterHook(**settings)


def test_features_that_never_change_are_clustered_once():
    hook = SubclassReclusterHook(5, 5, feature_checkpoint='a.pth')
    assert hook.is_due(0, is_ready=False)
    assert not any(hook.is_due(i, is_ready=True) for i in range(20))


def test_numbers_of_subclasses_are_checked_before_the_warm_up(toy_config):
    hook = toy_config.custom_hooks[0]
    for numbers, message in (
        ([1, 1], '2 numbers for 4 classes'),
        ([9, 1, 1, 1], 'sums to 12.*num_subclasses=8'),
    ):
        hook.subclasses_per_class = numbers
        with pytest.raises(ValueError, match=message):
            run(toy_config)


def test_one_run(toy_config):
    runner, probe = run(toy_config)
    tables = probe.tables
    assert runner.iter == 6 and list(tables) == list(range(6))
    assert not tables[1]['cells_per_image'].numel()
    assert equal(tables[2], tables[3]) and not equal(tables[3], tables[4])
    assert equal(tables[4], tables[5])
    assert 'unsup_class.loss_ce' not in probe.losses[1]
    assert {'unsup_class.loss_ce', 'unsup.gate_ratio'} <= probe.losses[2]

    sizes = tables[2]['cell_subclass'].long()
    sizes = torch.bincount(sizes[sizes >= 0], minlength=8)
    parents = tables[2]['subclass_to_class']
    for k in range(4):
        assert sizes[parents == k].max() - sizes[parents == k].min() <= 1

    # The subclass branch starts where the class branch is.
    weights = probe.weights[2]
    for name in weights:
        if name.startswith('backbone.fork.'):
            trunk = weights[name.replace('.fork.', '.trunk.')]
            assert torch.equal(weights[name], trunk)


def test_adam_meets_the_subclass_branch_after_the_warm_up(toy_config):
    toy_config.optim_wrapper.optimizer = ConfigDict(type='AdamW', lr=0.01)
    runner, probe = run(toy_config)
    state = runner.optim_wrapper.optimizer.state
    own = runner.model.subclass_parameters()
    assert own and all(state[p]['step'] == 4 for p in own)
    assert state[runner.model.backbone.trunk.conv1.weight]['step'] == 6
    # The first step of Adam is the learning rate at most, decay aside.
    name = 'decode_head.subclass_head.conv_seg.weight'
    step = probe.weights[3][name] - probe.weights[2][name]
    assert 0 < step.abs().max() <= 1.1 * 0.01


def test_adagrad_meets_the_subclass_branch_after_the_warm_up(toy_config):
    """Its steps count from there."""
    toy_config.optim_wrapper.optimizer = ConfigDict(type='Adagrad', lr=0.01)
    runner, _ = run(toy_config, **{'train_cfg.max_iters': 3})
    state = runner.optim_wrapper.optimizer.state
    own = runner.model.subclass_parameters()
    assert own and all(state[p]['step'] == 1 for p in own)


def test_fused_sgd_meets_the_subclass_branch_after_the_warm_up(toy_config):
    """One parameter group holds it beside weights with momentum."""
    options = {'optim_wrapper.optimizer.weight_decay': 0.1}
    _, plain = run(toy_config, **options)
    options['optim_wrapper.optimizer.fused'] = True
    options['work_dir'] = f'{toy_config.work_dir}_fused'
    _, fused = run(toy_config, **options)
    for name, value in plain.weights[3].items():
        torch.testing.assert_close(fused.weights[3][name], value)


@pytest.mark.slow
def test_resumed_run_goes_on_with_its_table(toy_config):
    """Checkpoint between two clusterings, at iteration 3 of 6."""
    toy_config.default_hooks.checkpoint.save_last = False
    _, first = run(toy_config, **{'train_cfg.max_iters': 4})
    runner, resumed = run(toy_config, resume=True)
    assert list(resumed.tables) == [3, 4, 5], 'from the last checkpoint'
    assert equal(resumed.tables[3], first.tables[3])
    assert not equal(resumed.tables[4], resumed.tables[3])
    for name, value in first.weights[3].items():
        assert torch.equal(resumed.weights[3][name], value), name
    assert runner.iter == 6


@pytest.mark.slow
@pytest.mark.parametrize('update_buffers', [False, True])
def test_ema_follows_the_table(toy_config, update_buffers):
    toy_config.custom_hooks.append(
        ConfigDict(type='EMAHook', momentum=0.5, update_buffers=update_buffers)
    )
    options = {'train_cfg.val_interval': 3}
    run(toy_config, **options, **{'train_cfg.max_iters': 3})
    runner, probe = run(toy_config, resume=True, **options)
    assert list(probe.tables) == [3, 4, 5]
    path = Path(runner.work_dir, 'iter_6.pth')
    checkpoint = torch.load(path, weights_only=False)
    last = probe.tables[5]
    for state, prefix in (
        (checkpoint['state_dict'], ''),
        (checkpoint['ema_state_dict'], 'module.'),
    ):
        for name, value in last.items():
            found = state[f'{prefix}subclass_table.{name}']
            assert torch.equal(found, value), name
    for name, value in checkpoint['state_dict'].items():
        assert value.isfinite().all(), name
    (averaged,) = [h for h in runner.hooks if type(h).__name__ == 'EMAHook']
    assert equal(
        state_of(averaged.ema_model.module.subclass_table),
        state_of(runner.model.subclass_table),
    )


@pytest.fixture
def baseline(toy_config, tmp_path):
    """Config and checkpoint of a stock model with random weights."""
    init_default_scope('mmseg')
    config = deepcopy(toy_config.model)
    config.type = 'EncoderDecoder'
    del config['num_subclasses']
    torch.manual_seed(7)
    model = MODELS.build(config)
    model.init_weights()
    path = tmp_path / 'baseline.pth'
    torch.save(dict(state_dict=model.state_dict(), meta={}), path)
    return path


def three_stages(config, checkpoint):
    """One iteration of USRN on the features of a checkpoint."""
    config = deepcopy(config)
    config.custom_hooks = [
        dict(
            type='SubclassReclusterHook',
            feature_checkpoint=str(checkpoint),
            num_workers=0,
        )
    ]
    return run(config, **{'train_cfg.max_iters': 1})


def test_features_of_a_baseline(toy_config, baseline, monkeypatch):
    monkeypatch.setenv('HOME', str(baseline.parent))
    runner, probe = three_stages(toy_config, f'~/{baseline.name}')
    other = MODELS.build(toy_config.model)
    other.load_state_dict(
        torch.load(baseline, weights_only=False)['state_dict'], strict=False
    )
    dataset = DATASETS.build(toy_config.train_dataloader.dataset)
    labeled = extract_labeled_features(
        other, dataset.without_augmentation(), 8, num_workers=0
    )
    recluster(other.subclass_table, labeled)
    assert equal(probe.tables[0], state_of(other.subclass_table))
    own = runner.model.state_dict()['backbone.trunk.conv1.weight']
    assert not torch.allclose(
        own, other.state_dict()['backbone.trunk.conv1.weight'], atol=1e-2
    )


def test_features_of_a_usrn_with_other_subclasses(
    toy_config, baseline, tmp_path
):
    _, expected = three_stages(toy_config, baseline)
    other = MODELS.build({**toy_config.model, 'num_subclasses': 9})
    other.load_state_dict(
        torch.load(baseline, weights_only=False)['state_dict'], strict=False
    )
    torch.save(dict(state_dict=other.state_dict()), tmp_path / 'usrn.pth')
    _, probe = three_stages(toy_config, tmp_path / 'usrn.pth')
    assert equal(probe.tables[0], expected.tables[0])


def test_features_of_an_unfit_checkpoint(toy_config, baseline):
    checkpoint = torch.load(baseline, weights_only=False)
    backbone = {
        name: value
        for name, value in checkpoint['state_dict'].items()
        if name.startswith('backbone.')
    }
    torch.save(dict(state_dict=backbone), baseline)
    with pytest.raises(ValueError, match='lacks .* first decode_head.class_h'):
        three_stages(toy_config, baseline)


@pytest.mark.slow
@pytest.mark.parametrize('converted', [False, True])
def test_new_run_from_old_weights_clusters_afresh(
    toy_config, tmp_path, converted
):
    """One that is converted from the original has no labels of cells."""
    run(toy_config, **{'train_cfg.max_iters': 3})
    file = f'{toy_config.work_dir}/iter_3.pth'
    if converted:
        checkpoint = torch.load(file, weights_only=False)
        weights = checkpoint['state_dict']
        for name in ('cells_per_image', 'cell_subclass'):
            name = f'subclass_table.{name}'
            weights[name] = weights[name][:0]
        torch.save(checkpoint, file)
    _, probe = run(
        toy_config,
        load_from=file,
        work_dir=str(tmp_path / 'second'),
        **{'train_cfg.max_iters': 5},
    )
    assert not probe.tables[1]['cells_per_image'].numel()
    assert probe.tables[2]['cells_per_image'].numel()
    classifier = 'decode_head.subclass_head.conv_seg.weight'
    assert not probe.weights[2][classifier].any()
    assert probe.weights[4][classifier].any()


@pytest.mark.slow
def test_resuming_with_other_labeled_images(toy_config):
    run(toy_config, **{'train_cfg.max_iters': 3})
    with pytest.raises(ValueError, match='of 5 labeled images, but .* 3 now'):
        run(
            toy_config,
            resume=True,
            **{'train_dataloader.dataset.labeled.indices': 3},
        )


def test_endless_warmup_is_refused(toy_config):
    toy_config.custom_hooks[0].warmup_iters = 6
    with pytest.raises(ValueError, match='warmup_iters=6 of max_iters=6'):
        run(toy_config)


def test_features_are_tried_before_the_warmup(toy_config):
    """A U-Net takes sides that are multiples of 16 only."""
    toy_config.model.backbone = dict(
        type='UNet', base_channels=4, norm_cfg=dict(type='BN')
    )
    toy_config.model.decode_head.update(in_index=4, in_channels=4)
    toy_config.train_dataloader.dataset.feature_pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(60, 44)),
        dict(type='LoadAnnotations'),
        dict(type='PackSegInputs'),
    ]
    with pytest.raises(ValueError, match=r'(?s)cannot compute.*size_divisor'):
        run(toy_config)


def test_other_model_is_refused(toy_config):
    del toy_config.model['num_subclasses']
    toy_config.model.type = 'EncoderDecoder'
    with pytest.raises(ValueError, match='needs a USRN model and a Paired'):
        run(toy_config)
