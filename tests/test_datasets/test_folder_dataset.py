import json

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_usrn.datasets import FolderSegDataset

META = dict(classes=('a', 'b', 'c'))
LOAD = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]


@pytest.fixture(autouse=True)
def mmseg_scope():
    init_default_scope('mmseg')


def write(path, array, palette=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    if palette:
        image.putpalette(list(range(255, -1, -1)) * 3)
    image.save(path)


@pytest.fixture
def root(tmp_path):
    """Three images of different suffix and depth, masks of 0..2 and 255."""
    mask = np.array([[0, 1, 2], [255, 1, 0]], np.uint8)
    image = np.zeros((2, 3, 3), np.uint8)
    write(tmp_path / 'img/a.JPG', image)
    write(tmp_path / 'img/x/b.tif', image)
    write(tmp_path / 'img/x/y/c.webp', image)
    write(tmp_path / 'ann/a.png', mask)
    write(tmp_path / 'ann/x/b.TIF', mask)
    write(tmp_path / 'ann/x/y/c.png', mask, palette=True)
    return tmp_path


def build(root, **kwargs):
    settings = dict(
        type='FolderSegDataset',
        data_root=str(root),
        data_prefix=dict(img_path='img', seg_map_path='ann'),
        metainfo=META,
        pipeline=LOAD,
    )
    settings.update(kwargs)
    return DATASETS.build(settings)


def names(dataset, root):
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return [
        tuple(
            info[key].removeprefix(f'{root}/')
            for key in ('img_path', 'seg_map_path')
        )
        for info in infos
    ]


def test_pairs_by_name_in_any_depth_and_suffix(root):
    assert names(build(root), root) == [
        ('img/a.JPG', 'ann/a.png'),
        ('img/x/b.tif', 'ann/x/b.TIF'),
        ('img/x/y/c.webp', 'ann/x/y/c.png'),
    ]


def test_masks_are_read_as_indices_also_with_a_palette(root):
    for sample in build(root):
        assert sample['gt_seg_map'].tolist() == [[0, 1, 2], [255, 1, 0]]
        assert sample['img'].shape == (2, 3, 3)


def test_list_selects_and_orders(root):
    (root / 'list.txt').write_text('x/y/c\na\n')
    dataset = build(root, ann_file='list.txt')
    assert [n[0] for n in names(dataset, root)] == [
        'img/x/y/c.webp',
        'img/a.JPG',
    ]


def test_label_rules_of_the_config(root):
    reduced = build(root, reduce_zero_label=True)[0]['gt_seg_map']
    assert reduced.tolist() == [[255, 0, 1], [255, 0, 255]]
    # Configs that passed through JSON have strings as keys.
    mapped = build(root, label_map={'255': 0, '0': 2})
    assert mapped[0]['gt_seg_map'].tolist() == [[2, 1, 2], [0, 1, 2]]
    assert mapped.metainfo['label_map'] == {255: 0, 0: 2}


def test_classes_from_a_file(root):
    (root / 'classes.json').write_text(json.dumps(['a', 'b', 'c']))
    dataset = build(root, metainfo=None, classes_file='classes.json')
    assert dataset.metainfo['classes'] == ('a', 'b', 'c')
    assert len(dataset.metainfo['palette']) == 3


@pytest.mark.parametrize(
    'numbers, rules, expected',
    [
        ((1, 2), {}, [[255, 0, 1], [255, 0, 255]]),
        ((1, 2), dict(reduce_zero_label=True), [[255, 0, 1], [255, 0, 255]]),
        ((0, 2), {}, [[0, 255, 1], [255, 255, 0]]),
        ((1, 3), dict(reduce_zero_label=True), [[255, 0, 255]] * 2),
    ],
)
def test_numbers_of_the_classes_file(root, numbers, rules, expected):
    """What has no number in it is no class."""
    text = ''.join(f'{number} c{number}\n' for number in numbers)
    (root / 'classes.txt').write_text(text)
    dataset = build(root, metainfo=None, classes_file='classes.txt', **rules)
    assert dataset[0]['gt_seg_map'].tolist() == expected


def test_numbers_are_not_for_masks_by_name(root):
    """A format that names its classes gives indices already."""
    (root / 'classes.txt').write_text('2 a\n5 b\n')
    for mask in (root / 'ann').rglob('*.*'):
        mask.unlink()
    for stem in ('a', 'x/b', 'x/y/c'):
        colors = np.array([[[9, 9, 9], [1, 2, 3], [9, 9, 9]]] * 2, np.uint8)
        write(root / f'ann/{stem}.png', colors)
    dataset = build(
        root,
        metainfo=None,
        classes_file='classes.txt',
        mask_format=dict(type='LoadColorMasks', colors=[[9, 9, 9], [1, 2, 3]]),
    )
    assert dataset[0]['gt_seg_map'].tolist() == [[0, 1, 0]] * 2


def test_own_palette_is_kept(root):
    palette = [[0, 0, 0], [1, 1, 1], [2, 2, 2]]
    dataset = build(root, metainfo=dict(META, palette=palette))
    assert dataset.metainfo['palette'] == palette


def test_classes_must_be_given_once(root):
    with pytest.raises(ValueError, match='got none'):
        build(root, metainfo=None)
    with pytest.raises(ValueError, match='got both'):
        build(root, classes_file='classes.json')


def test_lazy_init(root):
    dataset = build(root, lazy_init=True)
    assert not dataset._fully_initialized
    assert len(dataset) == 3


def test_masks_beside_their_images(tmp_path):
    for name in ('a', 'b'):
        write(tmp_path / f'{name}.jpg', np.zeros((4, 4, 3), np.uint8))
        write(tmp_path / f'{name}.png', np.zeros((4, 4), np.uint8))
        write(tmp_path / f'sub/{name}.png', np.zeros((4, 4, 3), np.uint8))
        write(tmp_path / f'sub/{name}_m.png', np.zeros((4, 4), np.uint8))
    same = dict(img_path='', seg_map_path='')
    with pytest.raises(ValueError, match='same files'):
        build(tmp_path / 'sub', data_prefix=same)
    dataset = build(
        tmp_path / 'sub', data_prefix=same, seg_map_suffix='_m.png'
    )
    assert names(dataset, tmp_path / 'sub') == [
        ('a.png', 'a_m.png'),
        ('b.png', 'b_m.png'),
    ]


def test_missing_mask_keeps_its_place(root):
    (root / 'ann/a.png').unlink()
    assert names(build(root), root)[0] == ('img/a.JPG', 'ann/a.png')


def test_masks_of_other_names_are_refused(root):
    for path in ('a.png', 'x/b.TIF', 'x/y/c.png'):
        old = root / 'ann' / path
        old.rename(old.with_name(f'{old.stem}_mask{old.suffix}'))
    with pytest.raises(ValueError, match='images are named like a, masks'):
        build(root)
    dataset = build(root, seg_map_suffix=['_mask.png', '_mask.tif'])
    assert dataset[1]['gt_seg_map'][0].tolist() == [0, 1, 2]


def test_without_masks_for_prediction(root):
    dataset = build(
        root,
        data_prefix=dict(img_path='img'),
        pipeline=LOAD[:1],
        test_mode=True,
    )
    assert isinstance(dataset, FolderSegDataset)
    assert 'seg_map_path' not in dataset.get_data_info(0)
    assert dataset[2]['img'].shape == (2, 3, 3)
