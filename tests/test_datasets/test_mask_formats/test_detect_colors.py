"""Damaged masks among others, and files that say what colours mean."""

import numpy as np
import pytest
from PIL import Image

from mmseg_usrn.datasets.mask_formats import detect_mask_format

CLASSES = ('background', 'red', 'green')
STEMS = ['a', 'trip/b']
PAINT = np.array([(0, 0, 0), (250, 50, 50), (10, 200, 30)], np.uint8)
LABELMAP = 'background:0,0,0::\nred:250,50,50::\ngreen:10,200,30::\n'
VOID = LABELMAP + 'void:255,255,255::\n'


@pytest.fixture
def detect(root):
    """What the masks of both images turn out to be."""

    def detect(classes=CLASSES):
        return detect_mask_format(str(root / 'masks'), STEMS, classes)

    return detect


def damage(root, how):
    """Spoil the mask of `a`."""
    path = next((root / 'masks').glob('a.*'))
    content = path.read_bytes()
    spoiled = dict(empty=b'', cut=content[:-40], text=b'no picture')
    path.write_bytes(spoiled[how])


@pytest.mark.parametrize('how', ['empty', 'cut', 'text'])
@pytest.mark.parametrize(
    ('make', 'suffix', 'found'),
    [
        (lambda truth: truth, '.png', None),
        (lambda truth: truth, '.tif', None),
        (
            lambda truth: truth[..., None].repeat(3, -1),
            '.png',
            dict(type='LoadIndexMasks'),
        ),
        (
            lambda truth: PAINT[np.uint8(truth == 1)],
            '.bmp',
            dict(type='LoadColorMasks', colors=[(0, 0, 0), (250, 50, 50)]),
        ),
    ],
)
def test_damaged_masks_are_passed_over(
    how, make, suffix, found, save, root, detect, truth
):
    save(make(truth), suffix)
    damage(root, how)
    classes = CLASSES[:2] if suffix == '.bmp' else CLASSES
    assert detect(classes).mask_format == found


def test_masks_that_are_all_damaged(save, root, detect, truth):
    save(truth)
    for path in (root / 'masks').rglob('*.png'):
        path.write_bytes(b'')
    assert detect().mask_format is None


@pytest.mark.parametrize('channels', [1, 3])
def test_grey_masks_of_listed_colours(
    channels, save, root, detect, load, truth
):
    """White is void, though there is no other colour than black."""
    gray = 255 * np.uint8(truth == 1)
    save(np.dstack([gray] * channels).squeeze())
    (root / 'labelmap.txt').write_text(VOID)
    found = detect()
    labels = load(found.mask_format, classes=CLASSES)['a']
    np.testing.assert_array_equal(labels, gray)
    assert detect((*CLASSES, 'sky')).mask_format != found.mask_format


def test_palette_images_of_listed_colours(save, root, detect, load, truth):
    """The file counts, not the positions in the palette."""
    positions = np.array([0, 7, 3], np.uint8)[truth]
    palette = np.zeros((8, 3), np.uint8)
    palette[[7, 3]] = PAINT[1:]
    save(positions)
    for path in (root / 'masks').rglob('*.png'):
        image = Image.fromarray(positions)
        image.putpalette(palette.ravel().tolist())
        image.save(path)
    (root / 'labelmap.txt').write_text(LABELMAP)
    labels = load(detect().mask_format, classes=CLASSES)['a']
    np.testing.assert_array_equal(labels, truth)


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('labelmap.txt', VOID),
        ('labelmap.txt', 'background\nred\ngreen\n'),
        ('class_dict.csv', 'name,id\nbackground,0\nred,1\n'),
    ],
)
def test_files_that_say_nothing_of_indices(
    name, text, save, root, detect, truth
):
    save(truth)
    (root / name).write_text(text)
    assert detect().mask_format is None
