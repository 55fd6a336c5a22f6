"""Losses without up-sampled logits against the stock heads' own."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.models.decode_heads import FCNHead
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_usrn.models.losses import (
    full_precision,
    has_plain_loss,
    head_losses,
)

PLAIN = [
    dict(type='CrossEntropyLoss'),
    dict(type='CrossEntropyLoss', avg_non_ignore=True, loss_weight=0.4),
    dict(type='ValidPixelCrossEntropyLoss', loss_name='loss_plain'),
]
OTHER = [
    dict(loss_decode=dict(type='CrossEntropyLoss', class_weight=[1.0] * 5)),
    dict(loss_decode=dict(type='CrossEntropyLoss', reduction='sum')),
    dict(loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True)),
    dict(loss_decode=[dict(type='CrossEntropyLoss', loss_name='loss_a')]),
    dict(loss_decode=dict(type='DiceLoss')),
    dict(sampler=dict(type='OHEMPixelSampler', thresh=0.7, min_kept=9)),
]


def build(**settings):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    config = dict(
        type='FCNHead',
        in_channels=6,
        channels=4,
        in_index=0,
        num_classes=5,
        dropout_ratio=0.0,
        norm_cfg=dict(type='BN'),
        num_convs=1,
        concat_input=False,
    )
    return MODELS.build({**config, **settings}).double()


def batch(ignored=0.2):
    torch.manual_seed(1)
    labels = torch.randint(5, (2, 1, 50, 70))
    labels[torch.rand(labels.shape) < ignored] = 255
    feats = [torch.randn(2, 6, 13, 18, dtype=torch.float64)]
    return feats, [
        SegDataSample(gt_sem_seg=PixelData(data=one)) for one in labels
    ]


@pytest.mark.parametrize('loss', PLAIN)
@pytest.mark.parametrize('align_corners', [False, True])
def test_values_and_gradients_are_the_stock_head_s(loss, align_corners):
    head = build(loss_decode=loss, align_corners=align_corners)
    assert has_plain_loss(head)
    feats, samples = batch()
    found, gradients = [], []
    for losses in (
        head_losses(head, feats, samples),
        head.loss_by_feat(head(feats), samples),
    ):
        found.append({name: value.mean() for name, value in losses.items()})
        name = next(name for name in losses if 'loss' in name)
        weights = list(head.parameters())
        gradients.append(torch.autograd.grad(losses[name], weights))
    exact = dict(rtol=1e-12, atol=1e-14)
    accuracies = [one.pop('acc_seg').item() for one in found]
    assert accuracies[0] == pytest.approx(accuracies[1], rel=1e-6)
    torch.testing.assert_close(*found, **exact)
    torch.testing.assert_close(*gradients, **exact)


def test_nothing_but_ignored_pixels():
    feats, samples = batch(ignored=1.1)
    for loss in PLAIN:
        losses = head_losses(build(loss_decode=loss), feats, samples)
        assert all(value == 0 for value in losses.values())


@pytest.mark.parametrize('settings', OTHER)
def test_other_heads_keep_their_own_losses(settings):
    head = build(**settings)
    assert not has_plain_loss(head)
    feats, samples = batch(ignored=0.0)
    losses = head_losses(head, feats, samples)
    expected = head.loss_by_feat(head(feats), samples)
    torch.testing.assert_close(losses, expected)


def test_a_head_with_its_own_loss_method_is_not_plain():
    head = build(loss_decode=PLAIN[0])

    class Other(type(head)):
        def loss_by_feat(self, seg_logits, batch_data_samples):
            return {'loss_other': seg_logits.sum()}

    head.__class__ = Other
    assert set(head_losses(head, *batch())) == {'loss_other'}


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_becomes_single(dtype):
    half, double = torch.ones(2, dtype=dtype), torch.ones(2).double()
    converted = full_precision((half, [double]))
    assert converted[0].dtype == torch.float32
    assert converted[1][0] is double


def test_a_loss_of_the_head_s_own_is_kept():
    class Own(FCNHead):
        def loss(self, inputs, batch_data_samples, train_cfg):
            losses = super().loss(inputs, batch_data_samples, train_cfg)
            return dict(losses, loss_own=train_cfg['weight'] * inputs[0].sum())

    head = build(type=Own)
    feats, samples = batch()
    losses = head_losses(head, feats, samples, dict(weight=2.0))
    expected = head.loss(feats, samples, dict(weight=2.0))
    assert losses.keys() == expected.keys() and 'loss_own' in losses
    for name, value in losses.items():
        assert torch.equal(value, expected[name])
