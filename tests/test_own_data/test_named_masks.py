"""Masks that name classes: shapes, files of single classes, colours."""

import json

import numpy as np
import pytest

from mmseg_usrn.data_check.options import read_classes
from tests.test_own_data.test_masks import PAINT, equal

NAMES = ('soil', 'red', 'green')
LAYERS = dict(labeled_masks='labeled/layers', val=False)


def layers(own, labels=(0, 1, 2), place='{1}/{0}.png'):
    """One file per class and image."""
    own.base()
    for name, mask in own.masks.items():
        for label in labels:
            path = place.format(name, NAMES[label])
            if name[0] == 'l':
                layer = np.uint8(255 * (mask == label))
                own.save(f'labeled/layers/{path}', layer)


def labeled_of(cfg):
    return cfg.train_dataloader.dataset.labeled


@pytest.mark.parametrize('args', [(), ('--mask-files', '{class}/{stem}.png')])
def test_files_that_cover_all_need_no_background(own, labels_of, args):
    layers(own)
    cfg = own.config(*args, classes=NAMES, **LAYERS)
    assert labeled_of(cfg).mask_format.background is None
    equal(own, labels_of(cfg))


def test_files_that_cover_all_get_no_class_more(own, labels_of):
    layers(own)
    cfg = own.config(classes=None, **LAYERS)
    classes = labeled_of(cfg).metainfo.classes
    assert tuple(classes) == ('green', 'red', 'soil')
    equal(own, labels_of(cfg), lambda m: 2 - m)


@pytest.mark.parametrize('args', [(), ('--mask-files', '{class}/{stem}.png')])
def test_files_that_leave_pixels_out_name_the_option(own, labels_of, args):
    layers(own, labels=(1, 2))
    assert '--mask-background NAME, or none' in own.refuse(
        *args, classes=NAMES, **LAYERS
    )
    told = (*args, '--mask-background')
    cfg = own.config(*told, 'soil', classes=NAMES, **LAYERS)
    equal(own, labels_of(cfg))
    cfg = own.config(*told, 'none', classes=NAMES[1:], **LAYERS)
    equal(own, labels_of(cfg), lambda m: np.uint8([255, 0, 1])[m])


def test_files_whose_classes_are_not_named(own):
    layers(own)
    printed = own.refuse(
        '--mask-files', '{class}/{stem}.png', classes=None, **LAYERS
    )
    assert '--classes of new_dataset.py' in printed


def test_shapes_on_a_class_of_another_name(own):
    """It counts as a class, though no file names it."""
    own.base()
    points = [[10, 10], [60, 10], [60, 60]]
    for i in range(8):
        shape = dict(label='red', points=points, shape_type='polygon')
        size = dict(imageHeight=80, imageWidth=96)
        content = dict(size, shapes=[shape], imagePath=f'l{i:02}.png')
        path = own.root / f'labeled/shapes/l{i:02}.json'
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
    told = ('--mask-background', 'soil')
    places = dict(labeled_masks='labeled/shapes', val=False)
    cfg = own.config(*told, classes=None, **places)
    assert tuple(labeled_of(cfg).metainfo.classes) == ('soil', 'red')
    assert labeled_of(cfg).mask_format.background == 'soil'
    own.config(*told, classes=['green', 'red', 'soil'], **places)
    assert 'without any labeled' in own.printed
    assert 'reduce_zero' not in own.printed


@pytest.mark.parametrize(
    'args', [(), ('--mask-colors', '0,0,0', '1,1,1', '2,2,2')]
)
def test_other_masks_have_no_background_to_name(own, args):
    own.base()
    printed = own.refuse('--mask-background', 'bg', *args)
    assert '--mask-background is for shapes and files of single' in printed


def test_a_file_of_colours_names_the_classes(own, labels_of):
    own.base(lambda m: PAINT[m])
    text = 'soil:0,0,0::\nred:250,50,50::\ngreen:10,200,30::\n'
    (own.root / 'other.txt').write_text(text)
    cfg = own.config('--mask-colors', 'other.txt', classes=None)
    assert tuple(labeled_of(cfg).metainfo.classes) == NAMES
    equal(own, labels_of(cfg))


def test_a_list_of_classes_may_have_slashes():
    meta = read_classes(['rock/stone,tree'], None)
    assert list(meta['classes']) == ['rock/stone', 'tree']
