"""Channels last: which models take it, and that it changes no result."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS
from torch import nn

import mmseg_usrn  # noqa: F401  (registers the package)


@pytest.fixture
def toy_config(toy_config):
    toy_config.model.backbone = dict(
        type='MobileNetV2',
        strides=(1, 2, 2, 1, 1, 1, 1),
        out_indices=(1, 2, 4, 6),
        norm_cfg=dict(type='BN'),
    )
    toy_config.model.decode_head.update(in_channels=320, channels=16)
    return toy_config


@pytest.fixture
def model(toy_config):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    toy_config.model.type = 'SelfTraining'
    toy_config.model.threshold = 0.0
    del toy_config.model['num_subclasses']
    return MODELS.build(toy_config.model).double().train()


def test_gradients_do_not_depend_on_it(model, toy_config):
    np.random.seed(0)
    batch = next(iter(Runner.build_dataloader(toy_config.train_dataloader)))
    gradients = []
    for channels_last in (True, False):
        copy = deepcopy(model)
        assert copy.data_preprocessor.channels_last
        copy.data_preprocessor.channels_last = channels_last
        data = copy.data_preprocessor(deepcopy(batch), training=True)
        for images in data['inputs'].values():
            assert channels_last == images.is_contiguous(
                memory_format=torch.channels_last
            )
        data['inputs'] = {k: v.double() for k, v in data['inputs'].items()}
        torch.manual_seed(1)
        copy.parse_losses(copy.loss(**data))[0].backward()
        gradients.append({n: p.grad for n, p in copy.named_parameters()})
    torch.testing.assert_close(*gradients, rtol=1e-6, atol=1e-9)


def test_norms_over_processes_are_the_same(toy_config):
    """MMEngine makes them ordinary ones where there is one process."""
    init_default_scope('mmseg')
    for part in (toy_config.model.backbone, toy_config.model.decode_head):
        part.norm_cfg = dict(type='SyncBN')
    assert MODELS.build(toy_config.model).data_preprocessor.channels_last


def test_narrow_networks_keep_their_format(toy_config):
    """PyTorch may crash in their backward pass."""
    init_default_scope('mmseg')
    toy_config.model.decode_head.channels = 8
    model = MODELS.build(toy_config.model)
    assert not model.data_preprocessor.channels_last


def test_other_heads_keep_their_format(toy_config):
    init_default_scope('mmseg')
    toy_config.model.decode_head.type = 'DMHead'
    for name in ('num_convs', 'concat_input'):
        del toy_config.model.decode_head[name]
    model = MODELS.build(toy_config.model)
    assert not model.data_preprocessor.channels_last


def test_backbones_with_group_norm_keep_their_format(toy_config):
    init_default_scope('mmseg')
    norm = dict(type='GN', num_groups=4)
    toy_config.model.backbone.norm_cfg = norm
    model = MODELS.build(toy_config.model)
    assert any(isinstance(m, nn.GroupNorm) for m in model.modules())
    assert not model.data_preprocessor.channels_last
