"""Settings that contradict each other are refused before training."""

import numpy as np
import pytest
from mmengine.config import Config

from mmseg_usrn.data_check.files import ImageFacts, MaskFacts
from mmseg_usrn.data_check.labels import LabelRules
from mmseg_usrn.data_check.loaders import Loaders
from mmseg_usrn.data_check.parts import Part, Source
from mmseg_usrn.data_check.scan import Scan
from mmseg_usrn.data_check.settings import setting_findings

CLASSES = ('bg', 'red', 'green')


def part(name, values=(0, 1, 2), classes=CLASSES, reduce=False):
    """A part of one image and its mask."""
    info = {'a.png': dict(img_path='a.png', seg_map_path='b.png')}
    rules = LabelRules(len(classes), reduce)
    source = Source(info, Loaders(), rules)
    source.images['a.png'] = ImageFacts(width=4, height=4)
    source.masks['a.png'] = MaskFacts(
        width=4, height=4, values=dict.fromkeys(values, 5)
    )
    return Part(name, classes, [source])


def problems(changes=(), **parts):
    """Problems of a good config with some changes."""
    head = dict(num_classes=3, loss_decode=dict(type='CrossEntropyLoss'))
    cfg = Config(
        dict(
            model=dict(
                decode_head=dict(head),
                auxiliary_head=[dict(head), dict(head)],
            ),
            train_dataloader=dict(
                sampler=dict(type='InfiniteSampler'), dataset=dict()
            ),
            train_cfg=dict(type='IterBasedTrainLoop', max_iters=8),
            val_dataloader=dict(dataset=dict()),
            val_evaluator=dict(type='IoUMetric', iou_metrics=['mIoU']),
            default_hooks=dict(checkpoint=dict(save_best='mIoU')),
        )
    )
    cfg.merge_from_dict(dict(changes))
    labeled = parts.pop('labeled', None) or part('labeled')
    scan = Scan(dict(labeled=labeled, **parts))
    found = setting_findings(cfg, scan)
    assert all(f.level == 'error' and f.part == 'config' for f in found)
    return [f'{f.problem} -> {f.fix}' for f in found]


def only(found, *words):
    assert len(found) == 1, found
    for word in words:
        assert word in found[0]


def test_a_good_config_has_none():
    assert problems(val=part('val')) == []


def test_heads_of_other_numbers_of_classes():
    """F10: every head."""
    found = problems({'model.auxiliary_head.1.num_classes': 2})
    only(found, 'auxiliary_head 1 has num_classes=2', 'set num_classes=3')


def test_epochs_over_an_infinite_sampler():
    """F9: they never end."""
    loop = dict(type='EpochBasedTrainLoop', max_epochs=8, _delete_=True)
    only(problems({'train_cfg': loop}), 'never ends', 'IterBasedTrainLoop')
    sampler = {'train_dataloader.sampler.type': 'DefaultSampler'}
    assert problems({'train_cfg': loop, **sampler}) == []


@pytest.mark.parametrize('name', ['IoU.red', 'IoU', 'miou'])
def test_metrics_that_nobody_reports(name):
    """F17: with what would work."""
    found = problems({'default_hooks.checkpoint.save_best': name})
    only(found, repr(name), 'use one of aAcc, mIoU, mAcc')


def test_metrics_that_are_reported():
    for name in ('auto', 'aAcc', None, ['mIoU', 'mAcc']):
        assert problems({'default_hooks.checkpoint.save_best': name}) == []
    metric = dict(type='IoUMetric', iou_metrics=['mFscore'], prefix='val')
    changes = {'val_evaluator': metric}
    only(problems(changes), "save_best='mIoU'", 'val/mPrecision')
    only(problems({'val_evaluator.iou_metrics': ['mIou', 'mIoU']}), 'mIou')


def test_weights_with_avg_non_ignore():
    """F18: MMSeg's loss ends with an IndexError."""
    loss = dict(class_weight=[1.0, 2, 3], avg_non_ignore=True)
    found = problems({'model.decode_head.loss_decode': loss})
    only(found, 'class_weight', 'leave avg_non_ignore out')
    loss['avg_non_ignore'] = False
    assert problems({'model.decode_head.loss_decode': loss}) == []


@pytest.mark.parametrize(
    'classes, words',
    [
        (('bg', 'green', 'red'), '1 is green, not red'),
        (('bg', 'red', 'blue'), 'it lacks green, it has also blue'),
    ],
)
def test_class_order_of_the_parts(classes, words):
    found = problems(val=part('val', classes=classes))
    only(found, 'the classes of the val part', words)


def test_label_rules_of_the_parts():
    found = problems(val=part('val', (0, 1), reduce=True))
    only(found, 'reduce_zero_label is False in the labeled part, True in the')
    assert problems(val=part('val', (1, 2, 3), reduce=True)) == []


def test_classes_of_the_test_part(tmp_path):
    np.save(tmp_path / 'x.npy', 0)
    dataset = dict(
        type='BaseSegDataset',
        data_root=str(tmp_path),
        metainfo=dict(classes=('bg', 'green', 'red')),
    )
    found = problems({'test_dataloader': dict(dataset=dataset)})
    only(found, 'the classes of the test part', '1 is green, not red')
