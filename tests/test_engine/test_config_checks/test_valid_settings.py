"""Settings that are unusual, but right: none is refused."""

import pytest
from mmengine.registry import FUNCTIONS
from mmseg.models import FCNHead
from mmseg.registry import MODELS, TRANSFORMS
from torch import nn

from mmseg_usrn.engine.config_checks import check_config
from mmseg_usrn.engine.config_checks.signatures import parameters_of

BOTH = ('train_dataloader', 'val_dataloader')
OPTIMIZER = dict(type='AdamW', lr=0.001)
HEAD = dict(in_channels=64, in_index=3, channels=8, num_classes=4)
VIEWS = 'train_dataloader.dataset.unlabeled.pipeline.4'
POLY = dict(power=0.9, begin=0, end=6, by_epoch=False)


@FUNCTIONS.register_module()
def collate_padded(batch, size, value):
    """A function of a user, called with a batch."""


class OwnHead(FCNHead):
    """Takes arguments out of those of its base."""

    def __init__(self, **kwargs):
        self.smoothing = kwargs.pop('smoothing', 0)
        super().__init__(**kwargs)


class GatedHead(FCNHead):
    """Has arguments of names that have ranges elsewhere."""

    def __init__(self, gate='soft', loss_weight=None, **kwargs):
        super().__init__(**kwargs)


class OwnPacker:
    """A transform that packs, whose name does not tell."""


@pytest.fixture(autouse=True)
def own_classes(monkeypatch):
    for cls in (OwnHead, GatedHead):
        monkeypatch.setitem(MODELS.module_dict, cls.__name__, cls)
    monkeypatch.setitem(TRANSFORMS.module_dict, 'OwnPacker', OwnPacker)


def wrapper(**settings):
    return {
        'optim_wrapper': dict(optimizer=OPTIMIZER, _delete_=True, **settings)
    }


def scheduler(**settings):
    return {'param_scheduler': [dict(settings)]}


def hook(**settings):
    recluster = dict(type='SubclassReclusterHook', warmup_iters=2)
    return {'custom_hooks': [recluster, dict(settings)]}


SETTINGS = (
    # functions are called with what their caller has
    {'train_dataloader.collate_fn': dict(type='pseudo_collate')},
    {'train_dataloader.collate_fn': dict(type='collate_padded', size=2)},
    {'train_dataloader.worker_init_fn': dict(type='collate_padded')},
    # types that are words
    wrapper(clip_grad=dict(type='value', clip_value=0.2)),
    wrapper(clip_grad=dict(type='norm', max_norm=1, norm_type=2)),
    hook(type='ProfilerHook', on_trace_ready=dict(type='tb_trace')),
    # annotations that are narrower than what is taken
    wrapper(type='AmpOptimWrapper', loss_scale=dict(init_scale=512.0)),
    wrapper(type='AmpOptimWrapper', loss_scale=512.0),
    wrapper(type='AmpOptimWrapper', loss_scale='dynamic'),
    scheduler(type='PolyLRRatio', eta_min_ratio=0.03, **POLY),
    scheduler(
        type='OneCycleLR', eta_max=[0.1, 0.2], total_steps=6, by_epoch=False
    ),
    hook(type='CheckpointHook', by_epoch=False, less_keys='loss'),
    {'train_cfg.max_iters': 6.0, 'train_cfg.val_interval': 1e3},
    {'model.decode_head.align_corners': 0},
    # a None in a list
    {'optim_wrapper.optimizer': dict(
        type='TorchAdafactor', eps=(None, 1e-3), _delete_=True)},
    {'val_dataloader.dataset.pipeline': [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(float('inf'), 48), keep_ratio=True),
        dict(type='LoadAnnotations'),
        dict(type='PackSegInputs')]},
    # arguments that a class hands on to something else
    {'model.backbone': dict(
        type='TIMMBackbone', model_name='resnet18', output_stride=8,
        _delete_=True)},
    {'optim_wrapper.optimizer': dict(
        type='ZeroRedundancyOptimizer', optimizer_type='AdamW', lr=0.001,
        _delete_=True)},
    {'model.decode_head': dict(
        HEAD, type='OwnHead', smoothing=0.1, _delete_=True)},
    {'model.decode_head': dict(
        HEAD, type='GatedHead', gate='hard', loss_weight=dict(ce=-1),
        _delete_=True)},
    {'model.decode_head.init_cfg': dict(
        type='Normal', std=0.01, override=dict(type='Xavier', name='convs'))},
    # others
    scheduler(type='PolyLR', power=1, eta_min=1e-4, end=3, by_epoch=False),
    {f'{VIEWS}.unsup_strong': [dict(type='OwnPacker')]},
    {'log_level': 20},
    {'log_level': 'WARN'},
    {'auto_scale_lr': None},
)  # fmt: skip


@pytest.mark.parametrize('settings', SETTINGS, ids=str)
def test_are_not_refused(found, settings):
    assert found(settings) == []


def test_a_backbone_that_shares_nothing(toy_config):
    toy_config.model.fork_after = 0
    check_config(toy_config, BOTH)


def test_auxiliary_heads_with_labels_of_their_own(found):
    """STDC's learns borders: two classes, no label to be ignored."""
    border = dict(HEAD, type='STDCHead', num_classes=2)
    border.update(boundary_threshold=0.1, ignore_index=7)
    assert found({'model.auxiliary_head': [border]}) == []
    plain = dict(HEAD, type='FCNHead', num_classes=2)
    (sentence,) = found({'model.auxiliary_head': [border, plain]})
    assert sentence.startswith('model.auxiliary_head.1.num_classes=2')


def test_segmentors_that_test_in_ways_of_their_own(found, monkeypatch):
    class Sliding(MODELS.get('USRN')):
        def inference(self, inputs, batch_img_metas):
            """In windows, each from two sides."""

    monkeypatch.setitem(MODELS.module_dict, 'Sliding', Sliding)
    settings = {'model.type': 'Sliding', 'model.test_cfg.mode': 'slide_flip'}
    assert found(settings) == []


def test_arguments_of_a_class():
    """They are those of its bases only where it hands them on."""

    class Base:
        def __init__(self, depth, scale=1):
            """Takes no others."""

    class HandsOn(Base):
        def __init__(self, width, **kwargs):
            kwargs.pop('extra', None)
            super().__init__(**kwargs)

    class Builds(Base):
        def __init__(self, width, **kwargs):
            super().__init__(1)
            self.inner = nn.Linear(width, **kwargs)

    class Ignores(Base):
        def __init__(self, width, **kwargs):
            super().__init__(1)

    taken, is_open = parameters_of(HandsOn)
    assert set(taken) == {'width', 'extra', 'depth', 'scale'} and not is_open
    assert parameters_of(Builds)[1]
    assert not parameters_of(Ignores)[1]
