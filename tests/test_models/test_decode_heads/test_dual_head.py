"""Two heads of one kind; the classifier is found in every kind."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_usrn.models import DualHead
from mmseg_usrn.models.decode_heads.dual_head import (
    check_head_type,
    unlabeled_logits,
)
from mmseg_usrn.structures import IGNORED_SUBCLASS

K, S = 3, 7
BN = dict(type='BN')
BASIC = dict(
    in_channels=16, channels=8, num_classes=K, norm_cfg=BN, dropout_ratio=0.0
)
MANY = [dict(type='CrossEntropyLoss', loss_weight=1.0)] * 2
OHEM = dict(type='OhemCrossEntropy', thres=0.9, min_kept=10)
EDGES = [MANY[0], OHEM, dict(type='BoundaryLoss', loss_weight=20.0), OHEM]
# Heads that return more than their logits, first or last, use their dropout
# twice, or pick several of the features.
HEADS = {
    'plain': dict(type='FCNHead', num_convs=1, concat_input=False, **BASIC),
    'attention': dict(type='DAHead', pam_channels=4, **BASIC),
    'encoding': dict(
        BASIC, type='EncHead', num_codes=4, in_channels=[16], in_index=[0]
    ),
    'two dropouts': dict(
        BASIC,
        type='ANNHead',
        in_channels=[16, 16],
        in_index=[0, 1],
        project_channels=4,
        query_scales=(1,),
        key_pool_scales=(1, 2),
        dropout_ratio=0.1,
    ),
    'auxiliary': dict(BASIC, type='DDRHead', loss_decode=MANY),
    'boundary': dict(BASIC, type='PIDHead', loss_decode=EDGES),
}


def build(name) -> DualHead:
    init_default_scope('mmseg')
    torch.manual_seed(0)
    head = DualHead(HEADS[name], S)
    head.init_weights()
    return head.train()


def features(name):
    torch.manual_seed(1)
    maps = [torch.randn(2, c, 8, 8) for c in (16, 8, 8)]
    if name == 'two dropouts':
        return [maps[0], torch.randn(2, 16, 8, 8)]
    if name == 'auxiliary':
        return (maps[1], maps[0])
    if name == 'boundary':
        return (maps[1], maps[0], maps[2])
    return maps[:1]


def watch(module) -> list:
    """What the module gets and returns, call by call."""
    seen = []
    module.register_forward_hook(
        lambda module, args, output: seen.append((args[0], output))
    )
    return seen


@pytest.mark.parametrize('name', HEADS)
def test_logits_are_those_of_the_classifier_on_averaged_features(name):
    head = build(name).class_head
    if head.dropout is not None:
        head.dropout.p = 0.0
    seen = watch(head.conv_seg)
    head(features(name))
    logits = unlabeled_logits(head, features(name), downsample=2)
    (full, _), (pooled, output) = seen
    assert torch.equal(logits, output)
    assert logits.shape == (2, K, 4, 4)
    torch.testing.assert_close(pooled, F.avg_pool2d(full, 2))


@pytest.mark.parametrize('name', HEADS)
def test_heads_are_left_as_they_were(name):
    head = build(name)
    head.forward_unlabeled(features(name), features(name), downsample=2)
    assert 'cls_seg' not in vars(head.class_head)
    assert 'cls_seg' not in vars(head.subclass_head)
    with pytest.raises((RuntimeError, TypeError, ValueError)):
        head.forward_unlabeled(
            [torch.zeros(2, 1, 8, 8)] * 3, None, downsample=2
        )
    assert 'cls_seg' not in vars(head.class_head)


def test_features_smaller_than_the_square_are_averaged_to_one():
    head = build('plain')
    logits, _ = head.forward_unlabeled(
        [torch.randn(2, 16, 1, 3)], [torch.randn(2, 16, 1, 3)], downsample=2
    )
    assert logits.shape == (2, K, 1, 3)


@pytest.mark.parametrize('name', HEADS)
def test_subclass_loss_is_plain_cross_entropy(name):
    head = build(name)
    if head.subclass_head.dropout is not None:
        head.subclass_head.dropout.p = 0.0
    labels = torch.randint(S, (2, 32, 32))
    labels[0, :5] = IGNORED_SUBCLASS
    seen = watch(head.subclass_head.conv_seg)
    losses = head.loss_by_subclass(features(name), labels)
    logits = F.interpolate(seen[-1][1], size=(32, 32), mode='bilinear')
    expected = F.cross_entropy(logits, labels, ignore_index=IGNORED_SUBCLASS)
    torch.testing.assert_close(losses['loss_ce'], expected)
    assert set(losses) == {'loss_ce', 'acc_seg'}


@pytest.mark.parametrize('name', HEADS)
def test_both_losses_reach_the_same_weights(name):
    """Otherwise data parallelism waits for gradients that never come."""
    head = build(name)
    labels = torch.randint(K, (2, 32, 32))
    samples = [
        SegDataSample(
            gt_sem_seg=PixelData(data=label[None]),
            gt_edge_map=PixelData(data=label[None] % 2),
        )
        for label in labels
    ]
    losses = head.loss_by_class(features(name), samples)
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    head.loss_by_subclass(features(name), labels)['loss_ce'].backward()
    lacking = [
        {n for n, p in part.named_parameters() if p.grad is None}
        for part in (head.class_head, head.subclass_head)
    ]
    assert lacking[0] == lacking[1]


@pytest.mark.parametrize('name', HEADS)
def test_clustered_features_are_the_input_of_the_classifier(name):
    head = build(name).eval()
    seen = watch(head.class_head.conv_seg)
    feats = features(name)
    if name in ('auxiliary', 'boundary'):  # In evaluation there is one map.
        feats = feats[1]
    clustered = head.class_features(feats)
    assert torch.equal(clustered, seen[0][0])
    assert clustered.shape == (2, 8, 8, 8)
    assert not clustered.requires_grad


def test_the_subclass_head_has_no_sampler_or_class_weights():
    init_default_scope('mmseg')
    head = DualHead(
        dict(
            HEADS['plain'],
            sampler=dict(type='OHEMPixelSampler'),
            ignore_index=250,
            loss_decode=dict(type='CrossEntropyLoss', class_weight=[1.0] * K),
        ),
        S,
    )
    assert head.class_head.sampler is not None
    assert head.class_head.loss_decode.class_weight == [1.0] * K
    assert head.ignore_index == 250
    assert head.subclass_head.sampler is None
    assert type(head.subclass_head.loss_decode).__name__ == (
        'ValidPixelCrossEntropyLoss'
    )
    assert head.subclass_head.out_channels == S


def test_prediction_and_forward_are_those_of_the_class_head():
    head = build('plain').eval()
    seen = watch(head.subclass_head)
    feats = features('plain')
    assert torch.equal(head(feats), head.class_head(feats))
    metas = [dict(img_shape=(32, 32))] * 2
    assert torch.equal(
        head.predict(feats, metas, {}),
        head.class_head.predict(feats, metas, {}),
    )
    assert not seen


def test_subclass_head_becomes_a_copy_but_for_its_classifier():
    head = build('plain')
    classifier = head.subclass_head.conv_seg.weight.clone()
    head.reset_subclass_head()
    ours, theirs = (
        part.state_dict() for part in (head.class_head, head.subclass_head)
    )
    for name in ours:
        if not name.startswith('conv_seg.'):
            assert torch.equal(ours[name], theirs[name])
    assert torch.equal(head.subclass_head.conv_seg.weight, classifier)


@pytest.mark.parametrize(
    ('kind', 'message'),
    [
        ('OCRHead', 'OCRHead refines the output of another head'),
        ('PointHead', 'PointHead refines the output of another head'),
        ('MaskFormerHead', 'MaskFormerHead classifies masks, not pixels'),
        ('Mask2FormerHead', 'classifies masks.*choose a per-pixel head'),
    ],
)
def test_kinds_of_heads_that_are_refused(kind, message):
    init_default_scope('mmseg')
    with pytest.raises(ValueError, match=message):
        check_head_type(dict(type=kind))


def test_kinds_may_be_given_as_classes():
    check_head_type(dict(type=MODELS.get('FCNHead')))
    check_head_type(dict(type='mmseg.UPerHead'))
    check_head_type(dict(type='NoSuchHead'))  # The registry reports it.


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (
            dict(
                type='SegmenterMaskTransformerHead',
                in_channels=16,
                channels=8,
                num_classes=K,
                num_layers=1,
                num_heads=2,
                embed_dims=16,
            ),
            'has no classifier .conv_seg.',
        ),
        (
            dict(
                HEADS['plain'],
                num_classes=2,
                out_channels=1,
                loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True),
            ),
            'out_channels=1 for num_classes=2.*drop out_channels',
        ),
    ],
)
def test_built_heads_that_are_refused(config, message):
    init_default_scope('mmseg')
    with pytest.raises(ValueError, match=message):
        DualHead(config, S)
