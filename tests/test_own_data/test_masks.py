"""Masks of any form: read as they are, or refused with what to set."""

import re

import numpy as np
import pytest
from PIL import Image

from mmseg_usrn.data_check import check_config


def equal(own, labels, mask=lambda m: m):
    """Whether the labels are those that were drawn."""
    assert len(labels) > 0
    for name, found in labels.items():
        expected = mask(own.masks[name.partition('.')[0]])
        np.testing.assert_array_equal(found, expected)


def binary(mask):
    return np.uint8(255 * (mask > 0))


def test_one_class_over_0_and_255_asks_for_the_background(own):
    """F8: never a model of one class."""
    own.base(binary)
    printed = own.refuse(classes=['obj'])
    assert '--classes background obj' in printed


def test_background_named_too(own, labels_of):
    cfg = own.base(binary).config(classes=['background', 'obj'])
    equal(own, labels_of(cfg), lambda m: m > 0)
    equal(own, labels_of(cfg, 'val'), lambda m: m > 0)


def test_0_and_255_with_three_classes_name_the_value(own):
    """F8b: values that no class explains are errors."""
    own.base(binary)
    printed = own.refuse()
    assert 'the masks hold only 0 and 255' in printed
    assert '0 and 255 are two classes, but 3 are named' in printed


def test_one_class_in_a_config_written_by_hand(own):
    cfg = own.base(binary).config(classes=['bg', 'obj'])
    for dataset in (
        cfg.train_dataloader.dataset.labeled,
        cfg.val_dataloader.dataset,
    ):
        dataset.metainfo = dict(classes=('obj',))
        dataset.label_map = None
    cfg.model.decode_head.num_classes = 1
    report = check_config(cfg)
    problems = {f.part: f.problem for f in report.errors}
    assert 'obj is the only class' in problems['labeled']
    assert 'obj is the only class' in problems['val']


def smoothed(mask):
    """A black and white mask as resizing leaves it, many values."""
    large = Image.fromarray(binary(mask)).resize((960, 800))
    return np.array(large.resize(mask.T.shape, Image.Resampling.BICUBIC))


def soft(mask):
    """Grey levels between the ends that no threshold is clear for."""
    return np.uint8(mask * 60 + np.arange(mask.size).reshape(mask.shape) % 50)


def test_smoothed_masks_get_a_threshold(own, labels_of):
    """R1: the config names it."""
    cfg = own.base(smoothed).config(classes=['bg', 'obj'])
    assert len(np.unique(smoothed(next(iter(own.masks.values()))))) > 20
    labeled = cfg.train_dataloader.dataset.labeled
    assert labeled.mask_format == dict(
        type='LoadThresholdMasks', thresholds=[128]
    )
    equal(own, labels_of(cfg), lambda m: m > 0)


def test_masks_without_clear_ends_name_the_option(own, labels_of):
    own.base(soft)
    printed = own.refuse(classes=['bg', 'obj'])
    assert '--mask-threshold 128' in printed
    cfg = own.config('--mask-threshold', 55, classes=['bg', 'obj'])
    equal(own, labels_of(cfg), lambda m: soft(m) >= 55)


def test_jpeg_masks(own, labels_of):
    own.base(binary, masks='.jpg')
    cfg = own.config(classes=['bg', 'obj'])
    found = labels_of(cfg)
    for name, labels in found.items():
        wrong = labels != (own.masks[name[:3]] > 0)
        assert wrong.mean() < 0.01


PAINT = np.array([(0, 0, 0), (250, 50, 50), (10, 200, 30)], np.uint8)


@pytest.mark.parametrize('suffix', ['.png', '.tif', '.bmp'])
def test_colour_masks_are_read_by_their_colours(own, labels_of, suffix):
    """R2: the error lists the colours; one option reads them."""
    own.base(lambda m: PAINT[m], masks=suffix)
    printed = own.refuse()
    for words in ('(0,0,0) ', '(250,50,50) ', '(10,200,30) ', '--mask-colors'):
        assert words in printed
    cfg = own.config('--mask-colors', '0,0,0', '250,50,50', '10,200,30')
    equal(own, labels_of(cfg))
    equal(own, labels_of(cfg, 'val'))


def test_colours_of_cvat(own, labels_of):
    own.base(lambda m: PAINT[m])
    text = 'bg:0,0,0::\nred:250,50,50::\ngreen:10,200,30::\n'
    (own.root / 'labelmap.txt').write_text(text)
    cfg = own.config(classes=None)
    classes = cfg.train_dataloader.dataset.labeled.metainfo.classes
    assert tuple(classes) == ('bg', 'red', 'green')
    equal(own, labels_of(cfg))
    (own.root / 'labelmap.txt').rename(own.root / 'other.txt')
    cfg = own.config('--mask-colors', 'other.txt')
    equal(own, labels_of(cfg))


def test_white_that_a_label_map_leaves_out_is_no_class(own):
    """White is void there: it is not what 255 is in masks of values."""
    own.base(lambda mask: np.dstack([binary(mask)] * 3))
    lines = 'bg:0,0,0::', 'red:200,40,40::', 'void:255,255,255::'
    text = '# label:color_rgb:parts:actions\n' + '\n'.join(lines)
    (own.root / 'labelmap.txt').write_text(text)
    printed = own.refuse(classes=['bg', 'red'])
    assert 'no pixel is of class 1' in printed
    assert 'label some, or correct mask_format' in printed
    assert 'label_map' not in printed


def test_a_colour_that_no_class_has_is_named(own):
    own.base(lambda m: PAINT[m])
    colors = ('0,0,0', '250,50,50', '9,9,9')
    printed = own.refuse('--mask-colors', *colors)
    assert '(10,200,30) is the colour of no class' in printed
    assert '2 error(s)' in printed  # one a part, not one a file
    assert 'correct the colours of the classes' in printed
    assert 'unreadable' not in printed and 'export' not in printed


@pytest.mark.parametrize('place', ['{}_{}.png', '{1}/{0}.png'])
def test_one_file_per_class(own, labels_of, place):
    """R3: all of them are read."""
    own.base()
    for name, mask in own.masks.items():
        for label, color in ((1, 'red'), (2, 'green')):
            path = place.format(name, color)
            if name[0] != 'u':
                part = dict(l='labeled', v='val')[name[0]]
                own.save(f'{part}/layers/{path}', np.uint8(mask == label))
    cfg = own.config(labeled_masks='labeled/layers', val_masks='val/layers')
    equal(own, labels_of(cfg))
    equal(own, labels_of(cfg, 'val'))


def test_files_of_unknown_classes_name_the_option(own, labels_of):
    own.base()
    for name, mask in own.masks.items():
        for label in (1, 2):
            path = f'labeled/layers/{name}_{label}.png'
            own.save(path, np.uint8(mask == label))
    args = dict(labeled_masks='labeled/layers', val=False)
    printed = own.refuse(**args)
    assert '{stem}_{class}.png' in printed and 'names=dict' in printed
    cfg = own.config(classes=['bg', '1', '2'], **args)
    equal(own, labels_of(cfg))


@pytest.mark.parametrize('kind', ['RGB', 'RGBA', 'LA'])
def test_masks_of_equal_channels(own, labels_of, kind):
    own.base(lambda m: np.array(Image.fromarray(m).convert(kind)))
    equal(own, labels_of(own.config()))


def test_arrays(own, labels_of):
    own.base()
    for part in ('labeled', 'val'):
        (own.root / part / 'arrays').mkdir()
    for name, mask in own.masks.items():
        part = dict(l='labeled', v='val').get(name[0])
        if part:
            np.save(own.root / part / 'arrays' / f'{name}.npy', mask)
    cfg = own.config(labeled_masks='labeled/arrays', val_masks='val/arrays')
    equal(own, labels_of(cfg))


@pytest.mark.parametrize(
    'values, settings',
    [
        ([1, 2, 3], 'reduce_zero_label'),
        ([0, 100, 255], 'label_map'),
        ([10, 20, 30], 'label_map'),
    ],
)
def test_values_that_a_setting_explains(own, labels_of, values, settings):
    own.base(lambda m: np.uint8(values)[m])
    cfg = own.config()
    assert settings in cfg.train_dataloader.dataset.labeled
    equal(own, labels_of(cfg))


def test_classes_numbered_with_gaps(own, labels_of):
    own.base(lambda m: np.uint8([0, 4, 9])[m])
    (own.root / 'names.txt').write_text('0 bg\n4 red\n7 blue\n9 green\n')
    cfg = own.config(classes=['names.txt'])
    equal(own, labels_of(cfg), lambda m: np.uint8([0, 1, 3])[m])


@pytest.mark.parametrize('numbers', [(1, 2, 3), (1, 3, 7)])
def test_a_value_without_number_is_not_labeled(own, labels_of, numbers):
    """0 is no class of a file that numbers them from 1; 3 or 7 is in none."""
    own.base(lambda m: np.uint8([0, *numbers])[m])
    lines = [f'{number},c{number}\n' for number in numbers]
    (own.root / 'classes.csv').write_text('id,name\n' + ''.join(lines))
    cfg = own.config(classes=['classes.csv'])
    equal(own, labels_of(cfg), lambda m: np.uint8([255, 0, 1])[m])
    printed = ' '.join(own.printed.split())
    assert 'counts as not labeled' in printed
    shares = re.findall(r'([\d.]+) % c\d', printed)
    assert 0 < float(shares[0]) < 100 and float(shares[2]) == 0
    assert sum(map(float, shares)) == pytest.approx(100, abs=0.1)
    assert '0 error(s), 1 warning(s)' in printed  # a class without pixels


def test_a_value_that_no_class_explains_is_named(own):
    own.base(
        lambda m: np.uint8(np.where(np.indices(m.shape).sum(0) < 3, 7, m))
    )
    printed = own.refuse()
    assert '7 (8 masks)' in printed and 'l00.png: 7' in printed
