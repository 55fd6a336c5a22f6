"""Masks that cannot be read, or that nobody has drawn."""

import json

import numpy as np
import pytest


@pytest.mark.parametrize('content', [b'', b'no picture'])
@pytest.mark.parametrize('broken', [('l03',), ('l00', 'l07')])
def test_all_unreadable_masks_are_listed(own, content, broken):
    own.base()
    for name in broken:
        (own.root / f'labeled/masks/{name}.png').write_bytes(content)
    printed = own.refuse()
    assert 'unreadable mask' in printed
    assert all(f'{name}.png' in printed for name in broken)


@pytest.mark.parametrize('suffix', ['.png', '.npy', '.json', '.txt'])
def test_links_to_files_that_were_not_fetched(own, suffix):
    """Of all kinds of masks, and the first of them."""
    own.base(masks='.png')
    masks = own.root / 'labeled/masks'
    for path in sorted(masks.iterdir()):
        mask = own.masks[path.stem]
        if suffix != '.png':
            path.unlink()
        if suffix == '.npy':
            np.save(path.with_suffix(suffix), mask)
        elif suffix == '.json':
            points = [[10, 10], [60, 10], [60, 60]]
            shape = dict(label='red', points=points, shape_type='polygon')
            text = json.dumps(dict(shapes=[shape], imagePath=path.name))
            path.with_suffix(suffix).write_text(text)
        elif suffix == '.txt':
            path.with_suffix(suffix).write_text('1 0.1 0.1 0.6 0.1 0.6 0.6')
    for path in (own.root / 'labeled/images/l00.png', masks / f'l00{suffix}'):
        path.unlink()
        path.symlink_to('../.annex/0a1b')
    printed = own.refuse(val=False)
    assert 'unreadable image: the file is missing' in printed
    assert 'unreadable mask: the file is missing' in printed
    assert 'images/l00.png' in printed
    assert f'masks/l00{suffix}' in printed


def test_tasks_that_nobody_has_annotated_are_unlabeled(own, labels_of):
    own.base()
    box = dict(x=25, y=25, width=50, height=50, rectanglelabels=['red'])
    region = dict(original_height=80, original_width=96, value=box)
    tasks = [
        dict(data=dict(image=f'l{i:02}.png'), annotations=annotations)
        for i, annotations in enumerate(
            [
                [],
                [dict(result=[region], was_cancelled=True)],
                [dict(result=[])],
                [dict(result=[region])],
            ]
        )
    ]
    (own.root / 'tasks.json').write_text(json.dumps(tasks))
    cfg = own.config(
        labeled_masks='tasks.json', classes=('bg', 'red'), val=False
    )
    labels = labels_of(cfg)
    assert sorted(labels) == ['l02.png', 'l03.png']
    assert not labels['l02.png'].any()
    expected = np.zeros((80, 96), int)
    expected[20:60, 24:72] = 1
    np.testing.assert_array_equal(labels['l03.png'], expected)
    unlabeled = labels_of(cfg, 'unlabeled')
    assert {'l00.png', 'l01.png', 'l07.png'} <= set(unlabeled)


def test_grey_masks_mean_what_a_file_of_colours_says(own, labels_of):
    """White is a class, grey is void: the values alone do not tell."""
    gray = np.array([0, 255, 128], np.uint8)
    own.base(gray.__getitem__)
    (own.root / 'labelmap.txt').write_text(
        'bg:0,0,0::\nred:255,255,255::\nvoid:128,128,128::\n'
    )
    labels = labels_of(own.config(classes=('bg', 'red')))
    for name, found in labels.items():
        expected = np.array([0, 1, 255])[own.masks[name[:-4]]]
        np.testing.assert_array_equal(found, expected)


def test_a_val_part_without_masks_names_the_option(own):
    paint = np.array([(0, 0, 0), (250, 50, 50), (10, 200, 30)], np.uint8)
    own.base(paint.__getitem__)
    colors = ('--mask-colors', '0,0,0', '250,50,50', '10,200,30')
    (own.root / 'val/masks').rename(own.root / 'val/drawn')
    printed = own.refuse(*colors, val_masks=None)
    assert f'no masks for {own.root}/val/images were found' in printed
    assert 'name their folder with --val-masks' in printed
    own.config(*colors, val_masks='val/drawn')


@pytest.mark.parametrize('name', ['clases.txt', 'sub/clases', 'Names.YML'])
def test_a_file_of_classes_or_colours_that_is_not_there(own, name):
    own.base()
    printed = own.refuse(classes=[name])
    assert f'there is no file of classes {name}' in printed
    printed = own.refuse('--mask-colors', name)
    assert f'there is no file of colours {name}' in printed
