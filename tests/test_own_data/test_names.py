"""Images find their masks, whatever both are called and wherever they lie."""

import json
import shutil

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from mmseg_usrn.data_check import check_config


def equal(labels, masks):
    """Whether all images have their own masks; names are the values of it."""
    assert len(labels) == len(masks)
    for name, mask in masks.items():
        np.testing.assert_array_equal(labels[name], mask)


def lay(own, image, mask, folder='photos', masks='photos', count=6):
    """Draw images and masks under name templates with ``{}``.

    Returns:
        Mask of every image, by file name.
    """
    drawn = {}
    for i in range(count):
        picture, labels = own.draw()
        name = image.format(f'{i + 1:03}', i * 7919 + 40961)
        own.save(f'{folder}/{name}', picture)
        place = mask.format(f'{i + 1:03}', i * 7919 + 40961, i * 31 + 51966)
        own.save(f'{masks}/{place}', labels)
        drawn[name.rpartition('/')[2]] = labels
    return drawn


TEMPLATES = [
    ('{}_image.png', '{}_annotation.png'),
    ('a{}.jpg', 'a{}_mask.png'),
    ('{}_RAW.png', '{}_GT.png'),
    ('x{}_jpg.rf.{:x}.jpg', 'x{0}_jpg.rf.{1:x}_mask.png'),
    ('img_{}.tif', 'mask_{}.png'),
    ('scene.{}.v1.jpg', 'scene.{}.v1_labels.png'),  # F7: dots in names
    ('{}_sat.jpg', '{}_mask.png'),
    ('Image_{}L.jpg', 'Image_{}L_1stHO.png'),
]


@pytest.mark.parametrize('image, mask', TEMPLATES)
@pytest.mark.parametrize('shared', [True, False])
def test_additions_are_found(own, labels_of, image, mask, shared):
    """Also if both share a folder (F7)."""
    own.base()
    masks = 'photos' if shared else 'marks'
    drawn = lay(own, image, mask, masks=masks)
    cfg = own.config(labeled_images='photos', labeled_masks=masks)
    equal(labels_of(cfg), drawn)
    assert check_config(cfg).findings == []


@pytest.mark.parametrize(
    'image, mask',
    [
        ('{}.rf.{:x}.jpg', '{0}.png'),
        ('{}.rf.{:x}.jpg', '{0}.rf.{2:x}.png'),
        ('{}_leftImg8bit.png', '{}_gtFine_labelTrainIds.png'),
        ('{}_training.tif', '{}_manual1.tif'),
        ('IMG{}.JPG', 'IMG{}.png'),
    ],
)
def test_other_names_in_two_folders(own, labels_of, image, mask):
    own.base()
    drawn = lay(own, image, mask, masks='marks')
    cfg = own.config(labeled_images='photos', labeled_masks='marks')
    equal(labels_of(cfg), drawn)


def test_masks_are_found_in_the_folder_beside(own, labels_of):
    own.base()
    cfg = own.config(labeled_masks=None, val_masks=None)
    names = own.names('labeled/images')
    equal(labels_of(cfg), {n: own.masks[n[:3]] for n in names})


def test_one_root_with_folders_inside(own, labels_of):
    """trip1/images and trip1/masks, trip2/images and trip2/masks."""
    own.base()
    drawn = {}
    for trip in ('one', 'two'):
        root = f'trips/{trip}'
        image = f'{trip}{{}}.jpg'
        drawn |= lay(
            own, image, f'{trip}{{}}.png', f'{root}/images', f'{root}/masks'
        )
    cfg = own.config(labeled_images='trips', labeled_masks=None)
    equal(labels_of(cfg), drawn)
    cfg = own.config(
        labeled_images=['trips/one/images', 'trips/two/images'],
        labeled_masks=['trips/one/masks', 'trips/two/masks'],
    )
    equal(labels_of(cfg), drawn)


def test_one_folder_of_all_images(own, labels_of):
    """F11: images with masks are labeled, the others unlabeled."""
    drawn = {}
    for i in range(18):
        picture, mask = own.draw()
        own.save(f'images/{i}.png', picture)
        if i < 8:
            own.save(f'masks/{i}.png', mask)
            drawn[f'{i}.png'] = mask
    places = dict(labeled_images='images', labeled_masks='masks', val=False)
    for unlabeled in ('images', None):
        cfg = own.config(unlabeled_images=unlabeled, **places)
        equal(labels_of(cfg), drawn)
        assert sorted(labels_of(cfg, 'unlabeled')) == sorted(
            f'{i}.png' for i in range(8, 18)
        )
    for i in range(3):
        own.save(f'others/{i}.png', own.draw()[0])
    cfg = own.config(unlabeled_images='others', **places)
    assert len(DATASETS.build(cfg.train_dataloader.dataset.unlabeled)) == 13
    assert check_config(cfg).errors == []


def test_one_folder_of_all_images_and_masks(own, labels_of):
    drawn = lay(own, '{}.jpg', '{}_mask.png')
    for i in range(9):
        own.save(f'photos/more{i}.jpg', own.draw()[0])
    cfg = own.config(
        labeled_images='photos',
        labeled_masks=None,
        unlabeled_images=None,
        val=False,
    )
    equal(labels_of(cfg), drawn)
    assert sorted(labels_of(cfg, 'unlabeled')) == [
        f'more{i}.jpg' for i in range(9)
    ]


@pytest.mark.parametrize('option', ['fraction', 'count'])
def test_fewer_masks_than_there_are(own, labels_of, option):
    own.base()
    # Only one image has class 2.
    for name in own.names('labeled/masks')[:-1]:
        mask = own.masks[name[:3]] % 2
        own.save(f'labeled/masks/{name}', mask)
    args = dict(
        fraction=('--labeled-fraction', '1/4'), count=('--labeled-count', 2)
    )[option]
    for seed in range(3):
        cfg = own.config(*args, '--seed', seed)
        labels = labels_of(cfg)
        assert len(labels) == 2
        assert 'l07.png' in labels  # the rare class is kept
        assert len(labels_of(cfg, 'unlabeled')) == 10 + 6
        assert check_config(cfg).errors == []
    cfg = own.config(*args, unlabeled_images=None)
    assert len(labels_of(cfg, 'unlabeled')) == 6
    assert 'take 2' not in own.printed
    printed = own.refuse('--labeled-count', 9)
    assert '9 labeled images were asked' in printed


def test_paths_survive_moving_the_config(own, labels_of, monkeypatch):
    own.base()
    own.config('--labeled-count', 3)
    (own.root / 'elsewhere/deep').mkdir(parents=True)
    moved = own.root / 'elsewhere/deep/other.py'
    shutil.move(own.root / 'my.py', moved)
    monkeypatch.chdir('/')
    cfg = Config.fromfile(moved)
    assert len(labels_of(cfg)) == 3
    assert len(labels_of(cfg, 'val')) == 4


CLASS_FILES = {
    'data.yaml': 'names: [bg, red, green]\nnc: 3\n',
    'dict.yaml': 'names:\n  0: bg\n  1: red\n  2: green\n',
    'coco.json': json.dumps(
        dict(
            categories=[
                dict(id=i, name=name)
                for i, name in enumerate(('bg', 'red', 'green'))
            ]
        )
    ),
    'lines.txt': '0 bg\n1 red\n2 green\n',
    'commas.txt': 'bg,red,green\n',
    '_classes.csv': 'Pixel Value, Class\n0, bg\n1, red\n2, green\n',
}


@pytest.mark.parametrize('name', CLASS_FILES)
def test_class_files_of_other_tools(own, name):
    """F21: names and their order."""
    own.base()
    (own.root / name).write_text(CLASS_FILES[name])
    cfg = own.config(classes=[name])
    meta = cfg.train_dataloader.dataset.labeled.metainfo
    assert tuple(meta.classes) == ('bg', 'red', 'green')


@pytest.mark.parametrize(
    'text, message',
    [('', 'gives no class names'), ('{"a": {"b": 1}}', 'gives no class')],
)
def test_other_class_files_are_refused(own, text, message):
    own.base()
    (own.root / 'names.json').write_text(text or '[]')
    assert message in own.refuse(classes=['names.json'])


def test_classes_left_out_are_asked_for_with_what_was_found(own):
    printed = own.base().refuse(classes=None)
    assert '--classes' in printed and 'values 0, 1, 2' in printed


def test_names_that_do_not_match(own):
    own.base()
    lay(own, 'abc{}x.png', 'q{}z.png', masks='marks')
    for path in (own.root / 'marks').iterdir():
        path.rename(path.with_name(f'm{path.name[3]}{path.name[3]}.png'))
    printed = own.refuse(labeled_images='photos', labeled_masks='marks')
    assert 'no mask in' in printed and 'abc001x' in printed
