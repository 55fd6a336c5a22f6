import numpy as np
import pytest
from PIL import Image

from mmseg_usrn.datasets.mask_formats import (
    LoadColorMasks,
    LoadThresholdMasks,
    read_labelmap,
)

COLORS = [(0, 0, 0), (250, 50, 50), (10, 200, 30)]
PAINT = np.array(COLORS, np.uint8)
LABELMAP = """\
# label:color_rgb:parts:actions
background:0,0,0::
green:10,200,30::
red:250,50,50:wheel,door:
ground:0,0,0::
"""


@pytest.mark.parametrize('suffix', ['.png', '.tif', '.bmp', '.webp'])
def test_colors_become_classes(suffix, load, save, truth):
    save(PAINT[truth], suffix, lossless=True)
    labels = load(dict(type='LoadColorMasks', colors=COLORS))
    assert sorted(labels) == ['a', 'trip/b']
    for found in labels.values():
        np.testing.assert_array_equal(found, truth)
        assert found.dtype == np.uint8


@pytest.mark.parametrize('mode', ['P', 'RGBA'])
def test_colors_of_palette_and_transparent_masks(mode, root, load, truth):
    image = Image.fromarray(PAINT[truth])
    image = image.quantize(8) if mode == 'P' else image.convert(mode)
    (root / 'masks/trip').mkdir(parents=True)
    if mode == 'RGBA':
        image.putalpha(Image.new('L', image.size, 7))
    image.save(root / 'masks/a.png')
    image.save(root / 'masks/trip/b.png')
    labels = load(dict(type='LoadColorMasks', colors=COLORS))
    np.testing.assert_array_equal(labels['a'], truth)


def test_label_map_of_cvat_goes_by_name(root, load, save, truth):
    save(PAINT[truth])
    path = root / 'labelmap.txt'
    path.write_text(LABELMAP)
    labels = load(dict(type='LoadColorMasks', colors=str(path)))
    np.testing.assert_array_equal(labels['a'], truth)
    assert list(read_labelmap(path)) == [
        'background',
        'green',
        'red',
        'ground',
    ]
    with pytest.raises(ValueError, match='no colour for blue; .*background'):
        load(
            dict(type='LoadColorMasks', colors=str(path)),
            classes=('ground', 'blue'),
        )


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('red', "'red' gives no colour"),
        ('red:1,2::', "'1,2' is no colour"),
        ('# only a comment', 'names no class'),
    ],
)
def test_broken_label_maps(tmp_path, text, message):
    path = tmp_path / 'labelmap.txt'
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_labelmap(path)
    with pytest.raises(ValueError, match='does not exist'):
        read_labelmap(tmp_path / 'other.txt')


def test_unlisted_colors(load, save, truth):
    picture = PAINT[truth]
    picture[0, :8] = (240, 60, 60)  # nearest to red
    picture[1, 0] = (0, 0, 255)
    save(picture)
    listed = dict(type='LoadColorMasks', colors=COLORS)
    with pytest.raises(
        ValueError,
        match=r'a.png: \(240,60,60\) 1.04%, \(0,0,255\) 0.13% is the colour',
    ):
        load(listed)
    ignored = load(dict(listed, unlisted='ignore'))['a']
    expected = truth.copy()
    expected[0, :8] = expected[1, 0] = 255
    np.testing.assert_array_equal(ignored, expected)
    expected[0, :8] = 1
    nearest = load(
        dict(listed, unlisted='nearest', ignored=['0000ff']),
    )['a']
    np.testing.assert_array_equal(nearest, expected)


def test_ignored_colors_of_many_classes(load, save, truth):
    save(PAINT[truth])
    colors = [*COLORS[:2], *((7, 7, i) for i in range(256))]
    form = dict(type='LoadColorMasks', colors=colors, ignored=COLORS[2:])
    labels = load(
        dict(form, ignore_index=65535),
        classes=[f'class {i}' for i in range(258)],
        ignore_index=65535,
    )['a']
    expected = np.array([0, 1, 65535])[truth]
    np.testing.assert_array_equal(labels, expected)


def test_several_colors_of_a_class_and_the_label_rules(load, save, truth):
    save(PAINT[truth])
    labels = load(
        dict(
            type='LoadColorMasks',
            colors=dict(ground=['000000', '#fa3232'], green='10,200,30'),
        ),
        classes=('ground', 'green'),
        label_map={1: 3},
    )
    np.testing.assert_array_equal(labels['a'], 3 * (truth == 2))


def test_more_than_255_classes(load, save, truth):
    colors = [(k % 256, k // 256, 9) for k in range(300)]
    mask = truth.astype(int) + 290
    picture = np.array(colors, np.uint8)[mask]
    picture[0, 0] = (1, 2, 3)
    save(picture)
    labels = load(
        dict(type='LoadColorMasks', colors=colors, unlisted='ignore'),
        classes=tuple(f'c{k}' for k in range(300)),
        ignore_index=65535,
    )
    assert labels['a'].dtype == np.uint16
    mask[0, 0] = 65535
    np.testing.assert_array_equal(labels['a'], mask)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(colors=['0000ff', '0000ff']), 'two classes, 0 and 1'),
        (dict(colors=['0000ff'], classes=['a', 'b']), '1 colours for 2'),
        (dict(colors=['blue']), "'blue' is no colour"),
        (dict(colors=[(0, 0, 256)]), 'is no colour'),
        (dict(colors=dict(a='0000ff')), 'set classes'),
        (dict(colors=['0000ff'], unlisted='drop'), 'unlisted must be'),
    ],
)
def test_wrong_settings_of_colors(settings, message):
    with pytest.raises(ValueError, match=message):
        LoadColorMasks(**settings)


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_threshold_on_smoothed_masks(suffix, load, save, truth):
    save(np.array([0, 255, 0], np.uint8)[truth], suffix)
    smoothed = load(dict(type='LoadThresholdMasks'))['a']
    np.testing.assert_array_equal(smoothed, truth == 1)


def test_thresholds_between_gray_levels(load, save, truth):
    gray = np.array([3, 120, 250], np.uint8)[truth]
    gray[0, :3] = (63, 64, 200)
    truth[0, :3] = (0, 1, 2)
    levels = dict(type='LoadThresholdMasks', thresholds=[64, 190])
    save(gray)
    np.testing.assert_array_equal(load(levels)['a'], truth)
    save(np.dstack([gray] * 3))
    np.testing.assert_array_equal(load(levels)['a'], truth)


def test_thresholds_on_deep_and_on_one_bit_masks(load, save, truth):
    save(np.array([0, 65535, 40000], np.uint16)[truth])
    deep = load(dict(type='LoadThresholdMasks', thresholds=[30000, 50000]))
    np.testing.assert_array_equal(deep['a'], np.array([0, 2, 1])[truth])
    save(truth == 2)
    bits = load(dict(type='LoadThresholdMasks', thresholds=[1]))
    np.testing.assert_array_equal(bits['a'], truth == 2)


@pytest.mark.parametrize('thresholds', [[], [128, 128], [9, 3]])
def test_thresholds_must_increase(thresholds):
    with pytest.raises(ValueError, match='must increase'):
        LoadThresholdMasks(thresholds)
