"""From a folder to the right labels, without being told the format."""

import json

import numpy as np
import pytest
import scipy.io
from PIL import Image

from mmseg_usrn.datasets.mask_formats import detect_mask_format

CLASSES = ('background', 'red', 'green')
STEMS = ['a', 'trip/b']
COLORS = [(0, 0, 0), (250, 50, 50), (10, 200, 30)]
PAINT = np.array(COLORS, np.uint8)
LABELMAP = '# a comment\nbackground:0,0,0::\nred:250,50,50::\ngreen:10,200,30'


@pytest.fixture
def detect(root, load, truth):
    """Detects a format; the labels that it gives must be the truth."""

    def detect(classes=CLASSES, masks='masks', expected=truth, **settings):
        found = detect_mask_format(str(root / masks), STEMS, classes)
        labels = load(
            found.mask_format,
            found.where,
            found.classes or CLASSES,
            **settings,
        )
        np.testing.assert_array_equal(labels['a'], expected)
        np.testing.assert_array_equal(labels['trip/b'], expected)
        return found

    return detect


@pytest.fixture
def write(root):
    """Writes a text beside or instead of masks."""

    def write(name, text):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return write


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_index_masks_need_nothing(dtype, save, detect, truth):
    save(truth.astype(dtype))
    found = detect()
    assert found.mask_format is None
    assert found.evidence == 'masks with the values 0, 1, 2'


def test_deep_values_are_not_cut(save, detect, truth):
    save(np.array([0, 256, 65535], np.uint16)[truth])
    found = detect(label_map={256: 1, 65535: 2})
    assert found.mask_format == dict(type='LoadIndexMasks')
    with pytest.raises(ValueError, match='class index 65535, and ignore_in'):
        detect()


def test_values_below_zero_are_not_cut(save, detect, truth):
    save(np.array([-9999, 1, 2], np.int32)[truth], '.tif')
    found = detect(label_map={-9999: 0})
    assert found.mask_format == dict(type='LoadIndexMasks')


def test_palette_masks_need_nothing(save, root, detect, truth):
    save(truth)
    for path in (root / 'masks').rglob('*.png'):
        image = Image.open(path)
        image.putpalette([0, 0, 0, 250, 50, 50, 10, 200, 30])
        image.save(path)
    assert detect().mask_format is None


def test_palettes_that_differ_stand_for_colors(save, root, truth, write, load):
    """Positions in the palette mean nothing if each file has its own."""
    save(PAINT[truth])
    for path, order in zip(
        (root / 'masks').rglob('*.png'), ([0, 1, 2], [2, 0, 1]), strict=True
    ):
        where = np.argsort(order)
        image = Image.fromarray(where[truth].astype(np.uint8))
        image.putpalette(PAINT[order].ravel().tolist())
        image.save(path)
    write('labelmap.txt', LABELMAP)
    found = detect_mask_format(str(root / 'masks'), STEMS, CLASSES)
    labels = load(found.mask_format, classes=CLASSES)
    np.testing.assert_array_equal(labels['a'], truth)
    np.testing.assert_array_equal(labels['trip/b'], truth)


@pytest.mark.parametrize('values', [[0, 1, 2], [0, 100, 255]])
def test_equal_channels_are_grey_levels(values, save, detect, truth):
    save(np.array(values, np.uint8)[truth][..., None].repeat(3, -1))
    rules = {} if values[1] == 1 else dict(label_map={100: 1, 255: 2})
    found = detect(**rules)
    assert found.mask_format == dict(type='LoadIndexMasks')
    assert 'equal channels with the values 0, 1' in found.evidence


@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_smoothed_black_and_white(suffix, channels, save, detect, truth):
    on = (truth == 1).astype(np.uint8) * 255
    image = Image.fromarray(on).resize((320, 240), Image.Resampling.BICUBIC)
    gray = np.asarray(image.resize(on.T.shape, Image.Resampling.BOX))
    gray = np.where(truth == 1, np.maximum(gray, 180), gray).astype(np.uint8)
    gray[0, :12] = np.arange(0, 120, 10)
    save(np.dstack([gray] * channels).squeeze(), suffix)
    found = detect(('background', 'red'), expected=truth == 1)
    assert found.mask_format == dict(
        type='LoadThresholdMasks', thresholds=[128]
    )
    assert 'smoothed black and white' in found.evidence


@pytest.mark.parametrize('place', ['masks/labelmap.txt', 'labelmap.txt'])
@pytest.mark.parametrize('classes', [(), CLASSES])
def test_label_map_of_cvat(place, classes, save, write, detect, truth):
    save(PAINT[truth])
    write(place, LABELMAP)
    assert detect(classes).classes == CLASSES


def test_class_dict_as_csv(save, write, detect, truth):
    save(PAINT[truth])
    write(
        'class_dict.csv',
        'name, r, g, b\ngreen,10,200,30\nred,250,50,50\nbackground,0,0,0\n',
    )
    assert detect().evidence.endswith('class_dict.csv')


def test_one_color_on_black(save, root, load, truth):
    save(PAINT[np.uint8(truth == 1)])
    found = detect_mask_format(str(root / 'masks'), STEMS, ('bg', 'red'))
    labels = load(found.mask_format, classes=('bg', 'red'))['a']
    np.testing.assert_array_equal(labels, truth == 1)
    with pytest.raises(ValueError, match='masks of 2 colours'):
        detect_mask_format(str(root / 'masks'), STEMS, ('road', 'red'))


def test_unnamed_colors_are_listed(save, root, truth):
    save(PAINT[truth])
    with pytest.raises(
        ValueError,
        match=r'3 colours .*: \(0,0,0\) 68.23%, \(10,200,30\) 18.75%, '
        r'\(250,50,50\) 13.02%; .*--mask-colors .*labelmap.txt',
    ):
        detect_mask_format(str(root / 'masks'), STEMS, CLASSES)


@pytest.mark.parametrize(
    'path',
    ['{}_{}.png', '{}.{}.bmp', '{}-{}.jpg', '{1}/{0}.png', '{1}_{0}.png'],
)
@pytest.mark.parametrize('classes', [(), ('bg', 'Red', 'GREEN')])
def test_one_file_per_class(path, classes, root, truth, load):
    stems = ['a', 'b']
    for stem in stems:
        for label, name in enumerate(('red', 'green'), 1):
            file = root / 'masks' / path.format(stem, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            mask = np.uint8(255 * (truth == label))
            Image.fromarray(mask).save(file)
    (root / 'images/trip/b.jpg').rename(root / 'images/b.jpg')
    found = detect_mask_format(str(root / 'masks'), stems, classes)
    assert found.classes == (classes or ('background', 'green', 'red'))
    labels = load(found.mask_format, classes=found.classes)['b']
    red = [name.lower() for name in found.classes].index('red')
    np.testing.assert_array_equal(labels == red, truth == 1)
    np.testing.assert_array_equal(labels == 3 - red, truth == 2)


def test_files_of_unknown_classes(save, root, truth):
    save(np.uint8(truth == 1), '_0.png')
    save(np.uint8(truth == 2), '_1.png')
    with pytest.raises(ValueError, match='_{class}.png: 0, 1; 0, 1 names no'):
        detect_mask_format(str(root / 'masks'), STEMS, CLASSES)


def test_one_addition_is_no_class(save, root, detect, truth):
    save(truth, '_mask.png')
    found = detect_mask_format(
        str(root / 'masks'), STEMS, CLASSES, '_mask.png'
    )
    assert found.mask_format is None


@pytest.mark.parametrize('suffix', ['.npy', '.mat'])
def test_arrays(suffix, root, detect, truth):
    for stem in STEMS:
        path = root / 'masks' / (stem + suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        if suffix == '.npy':
            np.save(path, truth)
        else:
            scipy.io.savemat(path, dict(gt=truth))
    assert detect().mask_format == dict(type='LoadArrayMasks')


RED = [[2, 4, 12, 4, 12, 14, 2, 14]]
GREEN = [[18, 8, 30, 8, 30, 20, 18, 20]]


@pytest.mark.parametrize('place', ['coco.json', 'masks/_annotations.json'])
@pytest.mark.parametrize('classes', [(), CLASSES])
def test_coco(place, classes, write, detect):
    pytest.importorskip('pycocotools')
    shapes = [(i, c) for i in (1, 2) for c in (1, 2)]
    content = dict(
        images=[
            dict(id=i, file_name=f'{s}.jpg', height=24, width=32)
            for i, s in enumerate(STEMS, 1)
        ],
        categories=[dict(id=1, name='red'), dict(id=2, name='green')],
        annotations=[
            dict(
                image_id=image,
                category_id=category,
                segmentation=RED if category == 1 else GREEN,
            )
            for image, category in shapes
        ],
    )
    write(place, json.dumps(content))
    folder = place.rpartition('/')[0]
    found = detect(classes, folder or place)
    assert found.mask_format == dict(type='LoadCocoMasks')
    assert found.classes == CLASSES
    assert found.evidence.endswith('with red, green')


def test_labelme_asks_for_the_background(write, detect, root, truth):
    def corners(box):
        left, top, right, bottom = box
        return [[left, top], [right - 1, bottom - 1]]

    shapes = [
        dict(label=label, points=corners(box), shape_type='rectangle')
        for label, box in (
            ('green', (18, 8, 30, 20)),
            ('red', (2, 4, 12, 14)),
        )
    ]
    for stem in STEMS:
        write(
            f'masks/{stem}.json',
            json.dumps(dict(shapes=shapes, imageHeight=24, imageWidth=32)),
        )
    assert detect().mask_format == dict(type='LoadLabelMeMasks')
    detect((), expected=np.array([0, 2, 1])[truth])
    with pytest.raises(ValueError, match='which class have the pixels'):
        detect_mask_format(str(root / 'masks'), STEMS, ('red', 'green'))
    with pytest.raises(ValueError, match="class 'red', which is none of"):
        detect_mask_format(str(root / 'masks'), STEMS, ('bg', 'green'))


def test_yolo_with_and_without_names(write, root, detect):
    square = '0.0625 0.1667 0.35 0.1667 0.35 0.55 0.0625 0.55'
    for stem in STEMS:
        write(f'part/labels/{stem}.txt', f'1 {square}\n')
    write('part/labels/classes.txt', 'green\nred\n')
    expected = np.zeros((24, 32), int)
    expected[4:14, 2:12] = 2
    detect(('bg', 'green', 'red'), 'part/labels', expected)
    with pytest.raises(ValueError, match='YOLO files, which number the cla'):
        detect_mask_format(str(root / 'part/labels'), STEMS, ())
    write('data.yaml', 'names: {0: green, 1: red}\nnc: 2\n')
    found = detect((), 'part/labels', expected)
    assert found.classes == ('background', 'green', 'red')
    write('part/labels/a.txt', '0 0.5 0.5 0.1 0.1\n')
    write('part/labels/trip/b.txt', '0 0.5 0.5 0.1 0.1\n')
    with pytest.raises(ValueError, match='hold boxes'):
        detect_mask_format(str(root / 'part/labels'), STEMS, ())


def test_label_studio(write, detect, truth):
    value = dict(x=6.25, y=100 / 6, width=31.25, height=1000 / 24)
    region = dict(
        type='rectanglelabels',
        original_height=24,
        original_width=32,
        value=dict(value, rectanglelabels=['red']),
    )
    tasks = [
        dict(data=dict(image=name), annotations=[dict(result=[region])])
        for name in ('/data/upload/1/01234567-a.jpg', 'trip/b.jpg')
    ]
    write('project.json', json.dumps(tasks))
    found = detect((), 'project.json', truth == 1)
    assert found.classes == ('background', 'red')


@pytest.mark.parametrize(
    ('text', 'message'),
    [('{"a": 1}', 'of none of the kinds'), ('{', 'damaged')],
)
def test_other_json_files(text, message, write, root):
    write('export.json', text)
    with pytest.raises(ValueError, match=message):
        detect_mask_format(str(root / 'export.json'), STEMS, CLASSES)
