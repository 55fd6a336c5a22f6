"""Entries of a config that contradict each other."""

import pytest
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import HOOKS, MODELS, TRANSFORMS

from mmseg_usrn.engine.config_checks.listing import recluster_hooks
from mmseg_usrn.engine.hooks import SubclassReclusterHook
from mmseg_usrn.models import USRN

HOOK = dict(type='SubclassReclusterHook', warmup_iters=2)
LABELED = 'train_dataloader.dataset.labeled'


def test_class_order(only):
    classes = ('ground', 'two', 'one', 'three')
    only(
        {'val_dataloader.dataset.metainfo.classes': classes},
        'val_dataloader.dataset has other classes',
        'class 1 is two, not one',
    )


def test_number_of_classes(only):
    classes = ('ground', 'one', 'two')
    only(
        {'test_dataloader.dataset.metainfo.classes': classes},
        'test_dataloader.dataset',
        '3 of them, not 4',
    )


def test_heads_of_another_number(only):
    only(
        {'model.decode_head.num_classes': 5},
        'model.decode_head.num_classes=5, but the labeled images have 4',
    )


def test_auxiliary_heads_of_another_number(toy_config, only):
    head = dict(toy_config.model.decode_head)
    heads = [head, dict(head, num_classes=3)]
    only({'model.auxiliary_head': heads}, 'auxiliary_head.1.num_classes=3')


def test_zero_label_of_the_test_part(only):
    only(
        {'test_dataloader.dataset.reduce_zero_label': True},
        'test_dataloader.dataset.reduce_zero_label=True',
        'False in training and validation',
    )


@pytest.mark.parametrize(
    'changes, words',
    [
        (
            {'val_dataloader.dataset.type': 'UnlabeledDataset'},
            ('val_dataloader.dataset.type has no masks',),
        ),
        (
            {
                'val_dataloader.dataset.pipeline': [
                    dict(type='LoadImageFromFile'),
                    dict(type='PackSegInputs'),
                ]
            },
            ('val_dataloader.dataset.pipeline loads no masks',),
        ),
        (
            {'val_dataloader.sampler.type': 'InfiniteSampler'},
            ('the evaluation over InfiniteSampler never ends',),
        ),
        (
            {'val_evaluator.ignore_index': 0},
            ('val_evaluator.ignore_index=0', 'ignores the label 255'),
        ),
        ({'model.data_preprocessor.seg_pad_val': 0}, ('seg_pad_val=0',)),
        ({'model.test_cfg.mode': 'silde'}, ('do you mean slide?',)),
        ({'model.test_cfg.mode': 'slide'}, ('crop_size=None',)),
        (
            {
                'model.test_cfg': dict(
                    mode='slide', crop_size=(20, 20), stride=(30, 30)
                )
            },
            ('windows would leave gaps',),
        ),
        ({'val_evaluator.iou_metrics': ['mIOU']}, ("no 'mIOU'", 'mIoU?')),
        (
            {'default_hooks.checkpoint.save_best': 'miou'},
            ("save_best='miou'", 'do you mean mIoU?'),
        ),
        ({'val_evaluator.iou_metrics': []}, ('there is no',)),
        ({'val_evaluator': []}, ('nothing would be measured',)),
        (
            {f'{LABELED}.metainfo.classes': ('ground', 'one', 'one', 'two')},
            ('names one twice',),
        ),
        (
            {'val_dataloader.dataset.data_prefix': dict(_delete_=True)},
            ('names no folder of masks',),
        ),
        ({'custom_hooks': [HOOK, HOOK]}, ('2 times',)),
        ({'custom_hooks': []}, ('nothing would ever be clustered',)),
    ],
)
def test_contradictions(found, changes, words):
    sentences = found(changes)
    assert all(any(w in s for s in sentences) for w in words), sentences


def test_epochs_over_an_infinite_sampler(only):
    loop = dict(type='EpochBasedTrainLoop', max_epochs=8, _delete_=True)
    changes = {'train_cfg': loop}
    only(changes, 'an epoch over InfiniteSampler never ends')


def test_reported_metrics(found):
    for best in ('auto', 'aAcc', ['mIoU', 'mAcc']):
        assert found({'default_hooks.checkpoint.save_best': best}) == []
    metric = dict(iou_metrics=['mFscore'], prefix='val')
    assert (
        found(
            {
                'val_evaluator': metric,
                'default_hooks.checkpoint.save_best': 'val/mPrecision',
            }
        )
        == []
    )


def test_a_training_without_validation(toy_config, found):
    for part in ('val', 'test'):
        for entry in ('cfg', 'dataloader', 'evaluator'):
            toy_config[f'{part}_{entry}'] = None
    assert found() == []


def test_a_hook_without_its_model(toy_config, found):
    toy_config.model.pop('num_subclasses')
    (sentence,) = found({'model.type': 'SelfTraining'})
    assert 'model.type is SelfTraining' in sentence


def test_weights_with_avg_non_ignore(toy_config, only):
    loss = dict(type='CrossEntropyLoss', class_weight=[1.0, 2, 3, 4])
    toy_config.model.decode_head.loss_decode = [loss]
    only(
        {'model.decode_head.loss_decode.0.avg_non_ignore': True},
        'model.decode_head.loss_decode.0.avg_non_ignore',
        'leave it out',
    )


@TRANSFORMS.register_module()
class ReadLabels(LoadAnnotations):
    """A loader of a user, whose name does not tell."""


@TRANSFORMS.register_module()
class MakeLabels:
    """A transform of a user, which may load anything."""


@pytest.mark.parametrize('name', ['ReadLabels', 'MakeLabels'])
def test_loaders_of_other_names(found, name):
    steps = [
        dict(type='LoadImageFromFile'),
        dict(type=name),
        dict(type='PackSegInputs'),
    ]
    assert found({'val_dataloader.dataset.pipeline': steps}) == []


def test_masks_in_the_root(found):
    folders = dict(img_path='images', seg_map_path='')
    assert found({'val_dataloader.dataset.data_prefix': folders}) == []


def test_classes_derived_from_ours(toy_config, found, only, monkeypatch):
    class OwnHook(SubclassReclusterHook):
        pass

    class OwnUSRN(USRN):
        pass

    monkeypatch.setitem(HOOKS.module_dict, 'OwnHook', OwnHook)
    monkeypatch.setitem(MODELS.module_dict, 'OwnUSRN', OwnUSRN)
    hook = dict(HOOK, type='OwnHook')
    assert found({'model.type': OwnUSRN, 'custom_hooks': [hook]}) == []
    assert found({'model.type': 'OwnUSRN', 'custom_hooks': [hook]}) == []
    assert recluster_hooks(toy_config) == [hook]
    only({'custom_hooks': [hook, HOOK]}, 'SubclassReclusterHook 2 times')
