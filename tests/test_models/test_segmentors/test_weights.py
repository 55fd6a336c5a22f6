"""Weights from files reach both branches."""

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from mmseg.registry import MODELS

from mmseg_usrn.models import USRN


@pytest.fixture
def config(toy_config) -> ConfigDict:
    """A USRN with a neck."""
    init_default_scope('mmseg')
    toy_config.model.update(
        neck=dict(
            type='FPN', in_channels=[8, 16, 32, 64], out_channels=8, num_outs=4
        ),
        decode_head=dict(toy_config.model.decode_head, in_channels=8),
        auxiliary_head=dict(toy_config.model.decode_head, in_channels=8),
    )
    return toy_config.model


@pytest.fixture
def stock(config):
    """The stock model of the config, with random weights."""
    torch.manual_seed(1)
    names = ('backbone', 'neck', 'decode_head', 'auxiliary_head')
    model = MODELS.build(
        dict(type='EncoderDecoder', **{name: config[name] for name in names})
    )
    with torch.no_grad():
        for value in model.state_dict().values():
            if value.is_floating_point():
                value.uniform_(0.5, 1.5)
    return model


def save(path, state_dict) -> str:
    torch.save(dict(state_dict=state_dict), path)
    return str(path)


def build(config) -> USRN:
    model = MODELS.build(config)
    model.init_weights()
    return model


def assert_backbone_is(model: USRN, weights: dict) -> None:
    """Trunk and fork hold a stock backbone's weights."""
    for part in (model.backbone.trunk, model.backbone.fork):
        own = part.state_dict()
        assert 'layer4.0.conv1.weight' in own
        for name, value in own.items():
            assert torch.equal(value, weights[name]), name
    assert 'layer1.0.conv1.weight' not in model.backbone.fork.state_dict()


@pytest.mark.parametrize('setting', ['pretrained', 'init_cfg', 'backbone'])
def test_pretrained_backbone(config, stock, tmp_path, setting):
    path = save(tmp_path / 'backbone.pth', stock.backbone.state_dict())
    if setting == 'pretrained':
        config.pretrained = path
    elif setting == 'init_cfg':
        config.backbone.init_cfg = dict(type='Pretrained', checkpoint=path)
    else:
        config.backbone.pretrained = path
    assert_backbone_is(build(config), stock.backbone.state_dict())


@pytest.mark.parametrize('family', ['mit', 'vit'])
def test_pretrained_transformer(config, tmp_path, family):
    """Backbones that read their checkpoint in ways of their own."""
    backbone = {
        'mit': dict(
            type='MixVisionTransformer', embed_dims=8, num_layers=[1, 1, 1, 1]
        ),
        'vit': dict(
            type='VisionTransformer',
            img_size=32,
            embed_dims=16,
            num_layers=4,
            num_heads=2,
        ),
    }[family]
    torch.manual_seed(1)
    weights = MODELS.build(backbone).state_dict()
    path = save(tmp_path / 'backbone.pth', weights)
    config.backbone = dict(
        backbone, init_cfg=dict(type='Pretrained', checkpoint=path)
    )
    config.neck = config.auxiliary_head = None
    config.decode_head.in_index = 0
    model = build(config)
    for part in (model.backbone.trunk, model.backbone.fork):
        own = part.state_dict()
        assert any(name.startswith('layers.3.') for name in own)
        for name, value in own.items():
            assert torch.equal(value, weights[name]), name


@pytest.mark.parametrize('how', ['load_checkpoint', 'init_cfg'])
def test_checkpoint_of_the_stock_model(config, stock, tmp_path, how):
    weights = stock.state_dict()
    path = save(tmp_path / 'stock.pth', weights)
    if how == 'init_cfg':
        config.init_cfg = dict(type='Pretrained', checkpoint=path)
    model = build(config)
    if how == 'load_checkpoint':
        load_checkpoint(model, path)
    assert_backbone_is(model, stock.backbone.state_dict())
    own = model.state_dict()
    for name, value in weights.items():
        if name.startswith('neck.'):
            assert torch.equal(own[name], value)
            assert torch.equal(own[f'subclass_{name}'], value)
        if name.startswith('decode_head.'):
            name = name.replace('decode_head.', 'decode_head.class_head.')
            assert torch.equal(own[name], value)
        if name.startswith('auxiliary_head.'):
            assert torch.equal(own[name], value)


def test_checkpoint_of_a_usrn_as_init_cfg(config, tmp_path):
    """Its neck of the subclass branch is not replaced by the other one."""
    trained = build(config)
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.uniform_()
    weights = trained.state_dict()
    path = save(tmp_path / 'usrn.pth', weights)
    config.init_cfg = dict(type='Pretrained', checkpoint=path)
    own = build(config).state_dict()
    for name, value in weights.items():
        assert torch.equal(own[name], value), name


def test_unknown_and_missing_names_are_reported(config, stock, tmp_path):
    weights = stock.state_dict()
    del weights['backbone.layer4.0.conv1.weight']
    weights['backbone.layer9.weight'] = torch.zeros(1)
    weights['extra.weight'] = torch.zeros(1)
    path = save(tmp_path / 'stock.pth', weights)
    with pytest.raises(RuntimeError) as error:
        load_checkpoint(build(config), path, strict=True)
    message = str(error.value)
    unexpected, missing = message.split('missing keys')
    assert 'backbone.trunk.layer9.weight' in unexpected
    assert 'extra.weight' in unexpected
    assert 'layer4.0.conv2' not in message
    for model in ('', 'teacher.module.'):
        for part in ('trunk', 'fork'):
            assert f'{model}backbone.{part}.layer4.0.conv1.weight' in missing


def test_other_numbers_of_classes_are_reported(config, stock, tmp_path):
    path = save(tmp_path / 'stock.pth', stock.state_dict())
    config.decode_head.num_classes = 5
    with pytest.raises(RuntimeError) as error:
        load_checkpoint(build(config), path, strict=True)
    assert 'size mismatch for decode_head.class_head.conv_seg.weight' in str(
        error.value
    )


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(num_stages=2), 'USRN needs one decode head, but a cascade'),
        (dict(image_encoder={}), 'multimodal segmentor .SAN. classifies'),
        (dict(treshold=0.7), 'USRN has no argument treshold'),
        (dict(decode_head=None), 'the model has no decode_head'),
        (dict(backbone=None), 'the model has no backbone'),
        (dict(fork_after=4), 'cannot be forked after stage 4'),
        (dict(fork_after=-1), 'fork_after must be >= 0 or None'),
        (
            dict(decode_head=dict(type='Mask2FormerHead', num_classes=4)),
            'Mask2FormerHead classifies masks',
        ),
        (
            dict(decode_head=dict(type='IterativeDecodeHead')),
            'IterativeDecodeHead has no num_classes',
        ),
        (
            dict(decode_head=dict(type='FCNHead', num_classes=1)),
            'num_classes=1: USRN needs at least 2 classes',
        ),
    ],
)
def test_models_that_are_refused(toy_config, settings, message):
    init_default_scope('mmseg')
    model = dict(toy_config.model, **settings)
    with pytest.raises(ValueError, match=message):
        MODELS.build(model)
