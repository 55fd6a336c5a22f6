import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_usrn.models.checkpoints.original import (
    describe,
    from_reference,
    key_table,
    to_reference,
)

NORM = dict(type='BN', requires_grad=True)


def baseline_config(depth, num_classes):
    return dict(
        type='EncoderDecoder',
        backbone=dict(
            type='ResNet',
            depth=depth,
            num_stages=4,
            out_indices=(0, 3),
            strides=(1, 2, 2, 1),
            dilations=(1, 1, 1, 2),
            multi_grid=(2, 4, 8),
            contract_dilation=False,
            style='pytorch',
            norm_cfg=NORM,
        ),
        decode_head=dict(
            type='DeepLabV3PlusHead',
            in_channels=2048,
            in_index=1,
            channels=256,
            c1_in_channels=256,
            num_classes=num_classes,
            norm_cfg=NORM,
        ),
    )


def reference_weights(depth, kind, num_classes=3, counts=(2, 1, 2)):
    """Weights under the original's names, the classifiers' shapes true."""
    weights = {}
    for key in key_table(depth, kind):
        shape = (1, 2)
        if key.startswith('classifier'):
            outputs = sum(counts) if 'SubCls' in key else num_classes
            shape = (outputs, 256, 1, 1) if 'weight' in key else (outputs,)
        elif key.endswith('.conv1.weight') and 'aspp' in key:
            shape = (1, 1280, 1, 1)
        weights[key] = torch.rand(shape)
    return weights


@pytest.mark.parametrize('depth', [50, 101])
@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_baseline_loads_strictly_into_a_stock_segmentor(depth, prefix):
    init_default_scope('mmseg')
    with torch.device('meta'):
        model = MODELS.build(baseline_config(depth, num_classes=7))
    assert set(key_table(depth, 'baseline').values()) == set(
        model.state_dict()
    )
    weights = reference_weights(depth, 'baseline')
    prefixed = {prefix + key: value for key, value in weights.items()}
    assert describe(from_reference(prefixed)) == (depth, 'baseline')


@pytest.mark.parametrize('depth', [50, 101])
def test_usrn_has_exactly_the_tensors_of_the_table(depth):
    init_default_scope('mmseg')
    config = {
        **baseline_config(depth, num_classes=7),
        'type': 'USRN',
        'teacher_momentum': None,
        'logit_adjustment': 0,
    }
    with torch.device('meta'):
        model = MODELS.build(config)
    ours = {
        name
        for name in model.state_dict()
        if not name.startswith('subclass_table.')
    }
    assert set(key_table(depth, 'usrn').values()) == ours


@pytest.mark.parametrize('kind', ['baseline', 'usrn'])
@pytest.mark.parametrize('depth', [50, 101])
def test_there_and_back(depth, kind):
    weights = reference_weights(depth, kind)
    converted = from_reference(weights, [2, 1, 2])
    assert describe(converted) == (depth, kind)
    back = to_reference(converted)
    assert back.keys() == weights.keys()
    assert all(torch.equal(back[key], weights[key]) for key in weights)


def test_pooled_branch_moves_to_the_front():
    weights = reference_weights(50, 'usrn')
    converted = from_reference(weights, [2, 1, 2])
    for name, suffix in (('class', ''), ('subclass', '_SubCls')):
        ours = converted[f'decode_head.{name}_head.bottleneck.conv.weight']
        theirs = weights[f'encoder.aspp{suffix}.conv1.weight']
        torch.testing.assert_close(ours[:, :256], theirs[:, 1024:])
        torch.testing.assert_close(ours[:, 256:], theirs[:, :1024])


def test_subclass_ids_are_consecutive_from_the_list():
    converted = from_reference(reference_weights(50, 'usrn'), [2, 1, 2])
    parents = converted['subclass_table.subclass_to_class']
    assert parents.tolist() == [0, 0, 1, 2, 2]


def test_way_back_sorts_the_subclasses_by_class():
    converted = from_reference(reference_weights(50, 'usrn'), [2, 1, 2])
    converted['subclass_table.subclass_to_class'] = torch.tensor(
        [2, 0, 1, 0, 2]
    )
    bias = converted['decode_head.subclass_head.conv_seg.bias']
    back = to_reference(converted)
    expected = bias[[1, 3, 2, 0, 4]]
    torch.testing.assert_close(back['classifier_SubCls.1.bias'], expected)


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_way_back_refuses_unused_outputs(prefix):
    converted = from_reference(reference_weights(50, 'usrn'), [2, 1, 2])
    converted['subclass_table.subclass_to_class'][0] = -1
    converted = {prefix + key: value for key, value in converted.items()}
    with pytest.raises(ValueError, match='without a class'):
        to_reference(converted)


def test_missing_and_unknown_tensors_are_listed():
    weights = reference_weights(50, 'usrn')
    del weights['encoder.aspp_SubCls.bn1.bias']
    del weights['classifier.1.bias']
    weights['encoder.psp.conv.weight'] = torch.zeros(1)
    with pytest.raises(ValueError) as error:
        from_reference(weights, [2, 1, 2])
    for part in (
        '2 tensors missing: classifier.1.bias, encoder.aspp_SubCls.bn1.bias',
        '1 tensors unknown: encoder.psp.conv.weight',
    ):
        assert part in str(error.value)


def test_long_lists_are_cut():
    with pytest.raises(ValueError, match=r'and \d+ more'):
        from_reference({'conv1.weight': torch.zeros(1)})


@pytest.mark.parametrize('counts', [None, [2, 1], [2, 1, 3]])
def test_wrong_list_of_subclasses_is_refused(counts):
    weights = reference_weights(50, 'usrn')
    with pytest.raises(ValueError, match='3 classes and 5 subclasses'):
        from_reference(weights, counts)
