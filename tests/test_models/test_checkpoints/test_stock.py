"""Names of stock weights in a USRN."""

from mmseg_usrn.models import USRN
from mmseg_usrn.models.checkpoints import (
    add_branch_keys,
    add_teacher_keys,
    rename_stock_keys,
    stock_model,
)

OWN = {
    'backbone.trunk.conv.weight',
    'backbone.trunk.layer.weight',
    'backbone.fork.layer.weight',
    'neck.weight',
    'subclass_neck.weight',
    'decode_head.class_head.conv_seg.weight',
    'decode_head.subclass_head.conv_seg.weight',
    'auxiliary_head.weight',
}


def test_stock_names():
    stock = {
        'backbone.conv.weight': 1,
        'backbone.layer.weight': 2,
        'neck.weight': 3,
        'decode_head.conv_seg.weight': 4,
        'auxiliary_head.weight': 5,
    }
    rename_stock_keys(stock, OWN)
    assert stock == {
        'backbone.trunk.conv.weight': 1,  # shared: the fork has none
        'backbone.trunk.layer.weight': 2,
        'backbone.fork.layer.weight': 2,
        'neck.weight': 3,
        'subclass_neck.weight': 3,
        'decode_head.class_head.conv_seg.weight': 4,
        'auxiliary_head.weight': 5,
    }


def test_own_names_are_left():
    own = dict.fromkeys(OWN, 0)
    rename_stock_keys(own, OWN)
    assert own == dict.fromkeys(OWN, 0)


def test_prefix():
    stock = {'module.backbone.layer.weight': 1, 'steps': 2}
    rename_stock_keys(stock, OWN, prefix='module.')
    assert stock == {
        'module.backbone.trunk.layer.weight': 1,
        'module.backbone.fork.layer.weight': 1,
        'steps': 2,
    }


def test_teacher_starts_as_the_student():
    own = ('head.weight', 'teacher.steps', 'teacher.module.head.weight')
    student = {'a.head.weight': 1}
    add_teacher_keys(student, own, prefix='a.')
    assert student == {
        'a.head.weight': 1,
        'a.teacher.steps': 0,
        'a.teacher.module.head.weight': 1,
    }


def test_teacher_of_the_checkpoint_is_left():
    own = ('teacher.steps', 'teacher.module.weight', 'weight')
    weights = {'weight': 1, 'teacher.steps': 5, 'teacher.module.weight': 2}
    add_teacher_keys(weights, own)
    assert weights['teacher.module.weight'] == 2


def test_no_teacher_where_the_model_has_none():
    weights = {'weight': 1}
    add_teacher_keys(weights, ('weight',))
    assert weights == {'weight': 1}


def test_settings_by_stock_names_are_for_both_branches():
    keys = {
        'backbone': 1,
        'backbone.layer4': 2,
        'backbone.trunk.layer1': 3,
        'decode_head.conv_seg': 4,
        'neck.': 5,  # is in the names of both already
        'auxiliary_head.conv_seg': 6,
        'norm': 7,
    }
    paramwise = dict(custom_keys=dict(keys), norm_decay_mult=0.0)
    add_branch_keys(paramwise)
    kept = {k: v for k, v in keys.items() if v not in (2, 4)}
    added = {
        'backbone.trunk.layer4': 2,
        'backbone.fork.layer4': 2,
        'decode_head.class_head.conv_seg': 4,
        'decode_head.subclass_head.conv_seg': 4,
    }
    assert paramwise == dict(custom_keys=kept | added, norm_decay_mult=0.0)
    add_branch_keys(paramwise)  # again, in a config that was dumped
    assert paramwise['custom_keys'] == kept | added
    add_branch_keys(None)


def test_a_derived_segmentor_as_stock_model():
    class Own(USRN):
        def __init__(self, my_weight=1.0, **kwargs):
            super().__init__(**kwargs)

    model = dict(type=Own, my_weight=2.0, num_subclasses=9, pretrained=None)
    expected = dict(type='EncoderDecoder', pretrained=None)
    assert stock_model(dict(model)) == expected
    assert stock_model(dict(model, nonsense=1)) == dict(expected, nonsense=1)
