"""Unknown types and arguments, with the nearest known name."""

import pytest

from mmseg_usrn.engine.config_checks import check_config

LABELED = 'train_dataloader.dataset.labeled'


def test_a_good_config_has_no_mistakes(found):
    assert found() == []


@pytest.mark.parametrize(
    'path, name, nearest',
    [
        ('model', 'USNR', 'USRN'),
        ('model.backbone', 'Resnet', 'ResNet'),
        ('model.decode_head', 'FCNHaed', 'FCNHead'),
        ('model.backbone.norm_cfg', 'SyncBn', 'SyncBN'),
        ('train_dataloader.dataset', 'PairDataset', 'PairedDataset'),
        ('train_dataloader.sampler', 'InfinitSampler', 'InfiniteSampler'),
        (LABELED, 'BaseSegDatset', 'BaseSegDataset'),
        (f'{LABELED}.pipeline.3', 'RandomResiz', 'RandomResize'),
        ('custom_hooks.0', 'SubclassReclusterHok', 'SubclassReclusterHook'),
        ('val_evaluator', 'IouMetric', 'IoUMetric'),
        ('optim_wrapper', 'OptimWraper', 'OptimWrapper'),
        ('optim_wrapper.optimizer', 'AdmW', 'AdamW'),
        ('train_cfg', 'IterBasedTrainLop', 'IterBasedTrainLoop'),
    ],
)
def test_unknown_types(found, path, name, nearest):
    sentence = next(s for s in found({f'{path}.type': name}) if name in s)
    assert f'{path}.type={name!r} is registered nowhere' in sentence
    assert f'do you mean {nearest}?' in sentence


@pytest.mark.parametrize(
    'key, nearest',
    [
        ('model.treshold', 'threshold'),
        ('model.decode_head.num_class', 'num_classes'),
        ('model.backbone.dilation', 'dilations'),
        ('custom_hooks.0.warmup_iter', 'warmup_iters'),
        (f'{LABELED}.reduce_zero_labels', 'reduce_zero_label'),
        (f'{LABELED}.pipeline.4.cropsize', 'crop_size'),
        ('train_dataloader.batchsize', 'batch_size'),
        ('train_dataloader.sampler.shufle', 'shuffle'),
        ('train_cfg.val_intervall', 'val_interval'),
        ('optim_wrapper.accumulative_count', 'accumulative_counts'),
        ('optim_wrapper.optimizer.weight_deca', 'weight_decay'),
        ('default_hooks.checkpoint.max_keep_ckpt', 'max_keep_ckpts'),
        ('default_hooks.chekpoint', 'checkpoint'),
        ('randomness.sed', 'seed'),
        ('custom_hook', 'custom_hooks'),
        ('train_dataloder', 'train_dataloader'),
    ],
)
def test_misspelt_keys(toy_config, found, key, nearest):
    top = key.split('.')[0]
    if top == 'custom_hook':
        toy_config.custom_hook = toy_config.pop('custom_hooks')
    elif top == 'train_dataloder':
        toy_config.train_dataloder = toy_config.pop('train_dataloader')
    sentences = found({} if top == key else {key: 1})
    assert any(
        s.startswith(key) and f'do you mean {nearest}?' in s for s in sentences
    ), sentences


def test_keys_of_a_users_own_are_left(found):
    assert found({'my_list': [1], 'crop_size': (3, 3), 'resize': dict()}) == []
    own = {f'{LABELED}.metainfo.source': 'here'}
    assert found(own) == []


@pytest.mark.parametrize(
    'key, value, wanted',
    [
        ('model.threshold', 'high', 'a number'),
        ('model.threshold', [0, 95], 'a number'),
        ('model.num_subclasses', 8.5, 'a whole number'),
        ('model.unsup_downsample', True, 'a whole number'),
        ('model.gate', ['entropy'], 'a text'),
        ('custom_hooks.0.interval', '2', 'a whole number'),
        ('custom_hooks.0.subclasses_per_class', 8, 'a list'),
        ('train_cfg.max_iters', 'ten', 'a whole number'),
        (f'{LABELED}.reduce_zero_label', 'yes', 'True or False'),
        (f'{LABELED}.data_prefix', 'images', 'a dict'),
        ('model.decode_head.num_classes', 'four', 'number'),
        ('train_dataloader.batch_size', 'two', 'whole number'),
    ],
)
def test_values_of_another_kind(found, key, value, wanted):
    sentences = [s for s in found({key: value}) if s.startswith(f'{key}=')]
    assert sentences and wanted in sentences[0]


def test_arguments_that_must_be_there(toy_config, only):
    del toy_config.train_cfg.max_iters
    only({}, 'IterBasedTrainLoop needs max_iters', 'set train_cfg.max_iters')


def test_arguments_that_a_dataset_hands_on(found):
    masks = {f'{LABELED}.mask_format': dict(type='LoadCocoMasks')}
    kind = {f'{LABELED}.type': 'FolderSegDataset'}
    assert not [s for s in found({**kind, **masks}) if 'needs' in s]


def test_stock_configs_of_mmsegmentation_have_few(found):
    """A model of another kind than the toy's is built as it is."""
    head = dict(
        type='SegformerHead',
        in_channels=[8, 16, 32, 64],
        in_index=[0, 1, 2, 3],
        channels=8,
        num_classes=4,
        dropout_ratio=-1,
        loss_decode=[dict(type='DiceLoss', loss_weight=2.0)],
        _delete_=True,
    )
    assert found({'model.decode_head': head}) == []


def test_a_cascade_is_refused_before_its_arguments(toy_config):
    toy_config.model.num_stages = 2
    toy_config.model.decode_head = [toy_config.model.decode_head] * 2
    with pytest.raises(ValueError, match='^USRN needs one decode head, but'):
        check_config(toy_config, ('train_dataloader',))
