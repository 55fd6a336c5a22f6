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
    cfg = Config(dict(val_dataloader=dict(dataset=dict())))
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
