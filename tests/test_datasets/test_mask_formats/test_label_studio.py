import json

import numpy as np
import pytest

from mmseg_usrn.datasets.mask_formats.label_studio import (
    LoadLabelStudioMasks,
    decode_brush,
    is_label_studio,
)

FORMAT = dict(type='LoadLabelStudioMasks')
CLASSES = ('Background', 'red', 'green')
# What label-studio-sdk 2.1.2 (`converter.brush.encode_rle`) makes of a mask
# of 6x8 pixels, on in rows 1 to 3 of columns 2 to 6 and in the corner (5, 0).
SDK = [0, 0, 0, 192, 57, 27, 254, 39, 0, 194, 127, 246, 192, 48, 159, 253]
SDK += [176, 12, 39, 255, 136, 192, 35, 255, 195, 96, 0]


def encode(mask, color=(10, 200, 30, 255)):
    """Brush strokes as the editor writes them: colour, then opacity."""
    values = np.zeros((*mask.shape, 4), np.uint8)
    values[mask] = color
    values = values.ravel()
    bits = f'{len(values):032b}{7:05b}' + ''.join(
        f'{size - 1:04b}' for size in (3, 4, 8, 16)
    )
    starts = np.flatnonzero(np.diff(values, prepend=-1))
    place = 0
    for start, end in zip(starts, [*starts[1:], len(values)], strict=True):
        if end - start < 8:
            continue
        if start > place:  # literals, as many as fit
            bits += f'011{start - place - 1:016b}'
            bits += ''.join(f'{v:08b}' for v in values[place:start])
        bits += f'111{end - start - 1:016b}{values[start]:08b}'
        place = end
    if place < len(values):
        bits += f'011{len(values) - place - 1:016b}'
        bits += ''.join(f'{v:08b}' for v in values[place:])
    bits += '0' * (-len(bits) % 8)
    return [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]


def region(label, value, kind='brushlabels'):
    return dict(
        type=kind,
        original_height=24,
        original_width=32,
        image_rotation=0,
        value={**value, kind: [label]},
    )


def brush(label, mask):
    return region(label, dict(format='rle', rle=encode(mask)))


def task(image, *regions, **more):
    annotation = dict(result=list(regions), was_cancelled=False)
    return dict(data=dict(image=image), annotations=[annotation], **more)


@pytest.fixture
def write(root):
    def write(*tasks, name='export.json'):
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(tasks))
        return name

    return write


def test_decoder_reads_what_the_sdk_writes():
    expected = np.zeros((6, 8), bool)
    expected[1:4, 2:7] = expected[5, 0] = True
    np.testing.assert_array_equal(decode_brush(SDK, (6, 8)), expected)
    with pytest.raises(ValueError, match='192 values .* 5x8'):
        decode_brush(SDK, (5, 8))


@pytest.mark.parametrize(
    'image',
    [
        '/data/upload/3/0a1b2c3d-a.jpg',
        '/data/local-files/?d=mine/images/a.jpg',
        's3://bucket/images/a.jpg',
        'images/a.jpg',
    ],
)
def test_brush_strokes(image, write, load, truth):
    where = write(
        task(image, brush('red', truth == 1), brush('green', truth == 2)),
        task('trip/b.jpg', brush('green', truth == 1)),
    )
    labels = load(FORMAT, where, CLASSES)
    np.testing.assert_array_equal(labels['a'], truth)
    np.testing.assert_array_equal(labels['trip/b'], 2 * (truth == 1))


def test_short_form(write, load, truth):
    strokes = []
    for label, name in enumerate(('red', 'green'), 1):
        value = brush(name, truth == label)
        strokes.append({**value, **value.pop('value')})
    where = write(
        dict(id=1, annotator=1, image='/data/upload/a.jpg', tag=strokes),
        dict(id=2, annotator=1, image='/data/upload/b.jpg', tag=[]),
    )
    labels = load(FORMAT, where, CLASSES)
    np.testing.assert_array_equal(labels['a'], truth)
    assert not labels['trip/b'].any()


def test_polygons_rectangles_and_ellipses(write, load, truth):
    corners = [(2, 4), (12, 4), (12, 14), (2, 14)]
    points = [[x / 32 * 100, y / 24 * 100] for x, y in corners]
    box = dict(x=18 / 32 * 100, y=8 / 24 * 100, width=12 / 32 * 100, height=50)
    round_ = dict(x=50, y=50, radiusX=25, radiusY=25)
    where = write(
        task(
            'a.jpg',
            region('red', dict(points=points), 'polygonlabels'),
            region('green', box, 'rectanglelabels'),
            dict(type='choices', value=dict(choices=['x'])),
        ),
        task('b.jpg', region('red', round_, 'ellipselabels')),
    )
    labels = load(FORMAT, where, CLASSES)
    np.testing.assert_array_equal(labels['a'], truth)
    y, x = np.mgrid[:24, :32] + 0.5
    inside = ((x - 16) / 8) ** 2 + ((y - 12) / 6) ** 2 <= 1
    np.testing.assert_array_equal(labels['trip/b'], inside)


def test_turned_rectangles_and_ellipses(write, load, truth):
    """A quarter turn, clockwise: around the corner, around the centre."""
    box = dict(x=12 / 32 * 100, y=4 / 24 * 100, rotation=90)
    box |= dict(width=10 / 32 * 100, height=10 / 24 * 100)
    round_ = dict(x=50, y=50, radiusX=25, radiusY=12.5, rotation=90)
    where = write(
        task(
            'a.jpg', region('red', dict(box, rotation=90), 'rectanglelabels')
        ),
        task('b.jpg', region('red', round_, 'ellipselabels')),
    )
    labels = load(FORMAT, where, CLASSES)
    np.testing.assert_array_equal(labels['a'], truth == 1)
    y, x = np.mgrid[:24, :32] + 0.5
    inside = ((x - 16) / 3) ** 2 + ((y - 12) / 8) ** 2 <= 1
    np.testing.assert_array_equal(labels['trip/b'], inside)


def test_last_annotation_and_folder_of_tasks(write, load, truth):
    many = task('a.jpg')
    many['annotations'] = [
        dict(result=[brush('green', truth == 1)]),
        dict(result=[brush('red', truth == 1)]),
        dict(result=[brush('green', truth == 2)], was_cancelled=True),
    ]
    write(many, name='tasks/1.json')
    write(task('b.jpg', brush('red', truth == 2)), name='tasks/2.json')
    labels = load(FORMAT, 'tasks', CLASSES)
    np.testing.assert_array_equal(labels['a'], truth == 1)
    np.testing.assert_array_equal(labels['trip/b'], truth == 2)


def short(image, **more):
    return dict(id=1, image=image, created_at='2024', **more)


UNDONE = [
    lambda image, region: dict(data=dict(image=image), annotations=[]),
    lambda image, region: dict(data=dict(image=image)),
    lambda image, region: dict(
        data=dict(image=image),
        annotations=[dict(result=[region], was_cancelled=True)],
    ),
    lambda image, region: dict(
        data=dict(image=image), predictions=[dict(result=[region])]
    ),
    lambda image, region: short(image),
]


@pytest.mark.parametrize('undone', UNDONE)
@pytest.mark.parametrize('place', [0, 1])
def test_tasks_without_annotation_have_no_mask(
    undone, place, write, root, load, truth
):
    """Where such a task stands in the file makes no difference."""
    stroke = brush('red', truth == 1)
    tasks = [task('b.jpg', stroke)]
    tasks.insert(place, undone('a.jpg', stroke))
    where = write(*tasks)
    assert is_label_studio(json.loads((root / where).read_text()))
    loader = LoadLabelStudioMasks(CLASSES)
    found = loader.find(str(root / where), ['a', 'trip/b'])
    assert list(found) == ['trip/b']
    with pytest.raises(ValueError, match='json has no annotation of the im'):
        load(FORMAT, where, CLASSES)


def test_empty_annotations_are_background(write, load):
    where = write(
        task('a.jpg'), short('b.jpg', annotation_id=7, annotator='me')
    )
    labels = load(FORMAT, where, CLASSES)
    assert not labels['a'].any() and not labels['trip/b'].any()


def test_no_annotation_at_all(write, root):
    where = str(root / write(UNDONE[0]('a.jpg', None)))
    assert is_label_studio(json.loads((root / where).read_text()))
    with pytest.raises(ValueError, match='no annotation of these 1 images'):
        LoadLabelStudioMasks(CLASSES).find(where, ['a'])


def test_the_annotation_of_another_folder_is_not_taken(write, root, truth):
    stroke = brush('red', truth == 1)
    where = write(UNDONE[0]('x/a.jpg', stroke), task('y/a.jpg', stroke))
    loader = LoadLabelStudioMasks(CLASSES)
    found = loader.find(str(root / where), ['x/a', 'y/a'])
    assert list(found) == ['y/a']


@pytest.mark.parametrize(
    'content',
    [
        [dict(file_name='a.jpg', annotations=[dict(label='red')])],
        [dict(data='a.jpg', annotations=[])],
        dict(data=dict(version='1.0')),
        [1, 'a.jpg'],
        [],
    ],
)
def test_other_lists_of_annotations_are_another_form(content):
    assert not is_label_studio(content)


def test_strokes_of_another_size(write, load, truth):
    wrong = brush('red', truth[:20] == 1)
    write(task('a.jpg', wrong), task('b.jpg'))
    with pytest.raises(ValueError, match=r'export.json: a.jpg: brush stroke'):
        load(FORMAT, 'export.json', CLASSES)


@pytest.mark.parametrize('place', [(-60, -60), (110, 10), (10, 110)])
def test_shapes_outside_the_image(place, write, load):
    x, y = place
    box = dict(x=x, y=y, width=40, height=40)
    round_ = dict(x=x, y=y, radiusX=8, radiusY=8)
    where = write(
        task('a.jpg', region('red', box, 'rectanglelabels')),
        task('b.jpg', region('red', round_, 'ellipselabels')),
    )
    labels = load(FORMAT, where, CLASSES)
    assert not labels['a'].any() and not labels['trip/b'].any()


def test_errors_name_file_and_class(write, load, truth):
    write(task('a.jpg', brush('blue', truth == 1)))
    with pytest.raises(ValueError, match="export.json has the class 'blue'"):
        load(FORMAT, 'export.json', CLASSES)
    turned = brush('red', truth == 1) | dict(image_rotation=90)
    write(task('a.jpg', turned))
    with pytest.raises(ValueError, match='a.jpg: the image is turned'):
        load(FORMAT, 'export.json', CLASSES)
    write(task('a.jpg', brush('red', truth == 1)))
    with pytest.raises(ValueError, match='no annotation of the image trip/b'):
        load(FORMAT, 'export.json', CLASSES)
