"""The truth: what the COCO API itself makes of masks and rectangles."""

import json

import numpy as np
import pytest

pytest.importorskip('pycocotools')

from pycocotools import mask as coco_mask  # noqa: E402

FORMAT = dict(type='LoadCocoMasks')
CLASSES = ('background', 'red', 'green')
# The rectangles of the fixture `truth`: corners, not centres of pixels.
RED = [[2, 4, 12, 4, 12, 14, 2, 14]]
GREEN = [[18, 8, 30, 8, 30, 20, 18, 20]]
CATEGORIES = [
    dict(id=0, name='things', supercategory='none'),
    dict(id=7, name='green'),
    dict(id=3, name='red'),
]


def annotation(image, category, segmentation, **more):
    return dict(
        id=10 * image + category,
        image_id=image,
        category_id=category,
        segmentation=segmentation,
        **more,
    )


@pytest.fixture
def write(root):
    """Writes `coco.json`: image 1 is `a`, image 2 is `trip/b`."""

    def write(annotations, names=('a.jpg', 'trip/b.jpg'), **content):
        images = [
            dict(id=i, file_name=name, height=24, width=32)
            for i, name in enumerate(names, 1)
        ]
        content = (
            dict(images=images, annotations=annotations, categories=CATEGORIES)
            | content
        )
        (root / 'coco.json').write_text(json.dumps(content))

    return write


def compressed(mask):
    runs = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return dict(size=runs['size'], counts=runs['counts'].decode())


def uncompressed(mask):
    flat = mask.T.ravel().astype(int)
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    return dict(size=list(mask.shape), counts=[0] * flat[0] + counts)


@pytest.mark.parametrize(
    'segmentation',
    [
        lambda mask, polygon: polygon,
        lambda mask, polygon: compressed(mask),
        lambda mask, polygon: uncompressed(mask),
    ],
    ids=['polygon', 'compressed', 'uncompressed'],
)
def test_shapes_and_their_background(segmentation, write, load, truth):
    write(
        [
            annotation(1, 3, segmentation(truth == 1, RED), iscrowd=0),
            annotation(1, 7, segmentation(truth == 2, GREEN)),
            annotation(2, 3, segmentation(truth == 2, GREEN), iscrowd=1),
        ]
    )
    labels = load(FORMAT, 'coco.json', CLASSES)
    np.testing.assert_array_equal(labels['a'], truth)
    np.testing.assert_array_equal(labels['trip/b'], truth == 2)


def test_later_shapes_lie_above_and_holes_stay_open(write, load, truth):
    ring = np.zeros_like(truth)
    ring[2:20, 2:20] = 1
    ring[6:12, 6:12] = 0
    square = [[0, 0, 4, 0, 4, 4, 0, 4], [28, 0, 30, 0, 30, 2, 28, 2]]
    write(
        [
            annotation(1, 3, compressed(ring)),
            annotation(1, 7, square),
            annotation(1, 3, [[5, 5, 9, 9]]),  # two points: no area
        ]
    )
    expected = ring.copy()
    expected[:4, :4] = expected[:2, 28:30] = 2
    labels = load(FORMAT, 'coco.json', CLASSES)['a']
    np.testing.assert_array_equal(labels, expected)


def test_what_no_shape_covers(write, load, truth):
    write([annotation(1, 3, RED)])
    labels = load(dict(FORMAT, background=None), 'coco.json')['a']
    np.testing.assert_array_equal(labels, np.where(truth == 1, 1, 255))
    labels = load(dict(FORMAT, background='ground'), 'coco.json')
    np.testing.assert_array_equal(labels['a'], truth == 1)
    assert not labels['trip/b'].any()
    with pytest.raises(ValueError, match=r'no shape covers\? .*ground, red'):
        load(FORMAT, 'coco.json')
    with pytest.raises(ValueError, match="'sky' is none of the classes"):
        load(dict(FORMAT, background='sky'), 'coco.json')


@pytest.mark.parametrize(
    ('others', 'label'), [('background', 0), ('ignore', 255)]
)
def test_other_categories(others, label, write, load, truth):
    write([annotation(1, 3, RED), annotation(1, 7, GREEN)])
    classes = ('background', 'red')
    with pytest.raises(ValueError, match="'green', which is none of backgro"):
        load(FORMAT, 'coco.json', classes)
    labels = load(dict(FORMAT, others=others), 'coco.json', classes)['a']
    expected = np.array([0, 1, label], np.uint8)[truth]
    np.testing.assert_array_equal(labels, expected)


def test_pixels_of_boxes_have_no_label(write, load, truth):
    box = annotation(1, 7, [], bbox=[17.6, 8, 12, 11.8])
    write([annotation(1, 3, RED), box])
    labels = load(FORMAT, 'coco.json', CLASSES)['a']
    expected = np.array([0, 1, 255], np.uint8)[truth]
    np.testing.assert_array_equal(labels, expected)
    write([box])
    with pytest.raises(ValueError, match=r'boxes only \(1\)'):
        load(FORMAT, 'coco.json', CLASSES)


@pytest.mark.parametrize(
    ('box', 'rows', 'columns'),
    [
        ([-6, -8, 3, 4], (0, 0), (0, 0)),
        ([-6, 2, 3, 4], (0, 0), (0, 0)),
        ([2, -8, 3, 4], (0, 0), (0, 0)),
        ([40, 30, 3, 4], (0, 0), (0, 0)),
        ([-2, -3, 6, 8], (0, 5), (0, 4)),
        ([28, 20, 9, 9], (20, 24), (28, 32)),
    ],
)
def test_boxes_beyond_the_image(box, rows, columns, write, load, truth):
    write([annotation(1, 3, RED), annotation(1, 7, [], bbox=box)])
    expected = np.uint8(truth == 1)
    others = expected[slice(*rows), slice(*columns)]
    others[others == 0] = 255
    labels = load(FORMAT, 'coco.json', CLASSES)['a']
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize('runs', [compressed, uncompressed])
def test_run_lengths_of_another_size(runs, write, load, truth):
    write([annotation(1, 3, runs(truth[:20] == 1))])
    with pytest.raises(
        ValueError, match=r'coco.json: a.jpg: run lengths of 20x32 .* 24x32'
    ):
        load(FORMAT, 'coco.json', CLASSES)


def test_run_lengths_that_end_early(write, load):
    write([annotation(1, 3, dict(size=[24, 32], counts=[100, 60]))])
    with pytest.raises(ValueError, match='run lengths of 160 pixels'):
        load(FORMAT, 'coco.json', CLASSES)


@pytest.mark.parametrize(
    'more', [{}, dict(height=24), dict(height=None, width=None)]
)
def test_files_that_do_not_say_how_large_images_are(more, write, load, truth):
    images = [
        dict(id=i, file_name=name, **more)
        for i, name in enumerate(('a.jpg', 'b.jpg'), 1)
    ]
    write([annotation(1, 3, RED), annotation(2, 7, GREEN)], images=images)
    labels = load(FORMAT, 'coco.json', CLASSES)
    np.testing.assert_array_equal(labels['a'], truth == 1)
    np.testing.assert_array_equal(labels['trip/b'], 2 * (truth == 2))


def test_entries_that_lack_something(write, load):
    write([dict(image_id=1, segmentation=RED)])
    with pytest.raises(ValueError, match="coco.json .* lacks 'category_id'"):
        load(FORMAT, 'coco.json', CLASSES)
    write([], images=[dict(id=1)])
    with pytest.raises(ValueError, match="coco.json .* lacks 'file_name'"):
        load(FORMAT, 'coco.json', CLASSES)


@pytest.mark.parametrize(
    'names',
    [
        ('a.jpg', 'b.jpg'),
        ('all/train/a.png', 'all\\trip\\b.JPEG'),
        ('a', 'trip/b.rar.jpg'),
    ],
)
def test_names_match_by_their_common_end(names, root, write, load, truth):
    if names[0] == 'a':
        (root / 'images/trip/b.jpg').rename(root / 'images/trip/b.rar.jpg')
    write([annotation(2, 3, RED)], names)
    labels = load(FORMAT, 'coco.json', CLASSES)
    del labels['a']
    (found,) = labels.values()
    np.testing.assert_array_equal(found, truth == 1)


def test_names_that_fit_none_or_several(root, write, load):
    write([], ('x.jpg', 'y.jpg'))
    with pytest.raises(ValueError, match='like x.jpg, the folder has a'):
        load(FORMAT, 'coco.json', CLASSES)
    write([], ('x/a.jpg', 'y/a.jpg'))
    with pytest.raises(ValueError, match='coco.json fit a: x/a.jpg, y/'):
        load(FORMAT, 'coco.json', CLASSES)
    (root / 'images/a').mkdir()
    (root / 'images/trip/b.jpg').rename(root / 'images/a/a.jpg')
    write([], ('x/a.jpg', 'y.jpg'))
    with pytest.raises(ValueError, match='images fit x/a.jpg of .*: a, a/a;'):
        load(FORMAT, 'coco.json', CLASSES)
    write([], ('a.jpg', 'a.jpg'))
    with pytest.raises(ValueError, match='names the image a.jpg twice'):
        load(FORMAT, 'coco.json', CLASSES)


def test_file_in_the_folder_of_the_images(root, write, load, truth):
    write([annotation(1, 3, RED)])
    (root / 'coco.json').rename(root / 'images/_annotations.coco.json')
    (root / 'images/settings.json').write_text('{"a": 1}')
    labels = load(FORMAT, 'images', CLASSES)
    np.testing.assert_array_equal(labels['a'], truth == 1)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{"images": []}', 'no COCO file'),
        ('{', 'is damaged'),
        (None, 'does not exist'),
    ],
)
def test_files_that_are_not_coco(text, message, root, load):
    if text:
        (root / 'coco.json').write_text(text)
    with pytest.raises(ValueError, match=message):
        load(FORMAT, 'coco.json', CLASSES)


def test_image_that_the_file_lacks(write, load):
    write([], ('a.jpg',))
    with pytest.raises(ValueError, match='coco.json has no image trip/b'):
        load(FORMAT, 'coco.json', CLASSES)
