import numpy as np
import pytest
from PIL import Image

from mmseg_usrn.datasets.mask_formats import LoadClassFileMasks

CLASSES = ('bg', 'red', 'green')
FORMAT = dict(type='LoadClassFileMasks')


@pytest.mark.parametrize(
    ('template', 'path'),
    [
        ('{stem}_{class}.png', 'trip/b_red.png'),
        ('{class}/{stem}.png', 'red/trip/b.png'),
        ('{class}_{stem}_mask.png', 'trip/red_b_mask.png'),
    ],
)
@pytest.mark.parametrize('on', [1, 255])
def test_files_of_two_classes(template, path, on, root, load, truth):
    if template.startswith('{class}_'):  # these lie in no subfolder
        path = 'red_trip/b_mask.png'
        template = '{class}_{stem}_mask.png'
    for stem in ('a', 'trip/b'):
        for label, name in enumerate(CLASSES[1:], 1):
            loader = LoadClassFileMasks(CLASSES, template)
            source = loader.expected(str(root / 'masks'), stem)
            file = root / source.replace('{class}', name)
            file.parent.mkdir(parents=True, exist_ok=True)
            mask = (truth == label).astype(np.uint8) * on
            Image.fromarray(mask).save(file)
    assert (root / 'masks' / path).is_file()
    labels = load(dict(FORMAT, template=template), classes=CLASSES)
    np.testing.assert_array_equal(labels['trip/b'], truth)
    np.testing.assert_array_equal(labels['a'], truth)


def test_absent_classes_overlaps_and_names(root, load, save, truth):
    save(np.uint8(255 * (truth == 2)), '_2.png')
    labels = load(
        dict(FORMAT, names=dict(red='1', green='2')), classes=CLASSES
    )
    np.testing.assert_array_equal(labels['a'], 2 * (truth == 2))
    save(np.full(truth.shape, 255, np.uint8), '_1.png')
    labels = load(
        dict(FORMAT, names=dict(red='1', green='2'), background=None),
        classes=CLASSES,
    )
    np.testing.assert_array_equal(labels['a'], 1 + (truth == 2))


def test_noise_of_jpeg_is_off(load, save, truth):
    save(np.uint8(2 * (truth == 1)), '_red.jpg', quality=95)
    save(np.uint8(255 * (truth == 2)), '_green.jpg', quality=95)
    labels = load(dict(FORMAT, template='{stem}_{class}.jpg'), classes=CLASSES)
    np.testing.assert_array_equal(labels['a'], 2 * (truth == 2))


def test_missing_files_and_other_sizes(root, load, save, truth):
    (root / 'masks').mkdir()
    with pytest.raises(ValueError, match=r'a_\{class\}.png, with bg, red'):
        load(FORMAT, classes=CLASSES)
    save(truth, '_red.png')
    save(truth[1:], '_green.png')
    with pytest.raises(ValueError, match='a_green.png is of 23x32'):
        load(FORMAT, classes=CLASSES)
    with pytest.raises(ValueError, match='no file of any class'):
        LoadClassFileMasks(CLASSES).read(str(root / 'masks/c_{class}.png'))


def test_the_template_needs_both_parts():
    with pytest.raises(ValueError, match=r'needs \{class\} once'):
        LoadClassFileMasks(CLASSES, '{stem}.png')


def test_a_link_to_a_missing_file_is_no_absent_class(root, load, save, truth):
    save(np.uint8(255 * (truth == 2)), '_green.png')
    (root / 'masks/a_red.png').symlink_to('gone')
    with pytest.raises(FileNotFoundError, match='a_red.png'):
        load(FORMAT, classes=CLASSES)
