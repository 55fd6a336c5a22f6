"""The truth: corners belong to shapes, as LabelMe paints them."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

FORMAT = dict(type='LoadLabelMeMasks')
CLASSES = ('_background_', 'red', 'green')
RED = [[2, 4], [11, 4], [11, 13], [2, 13]]


def shape(label, points, kind='polygon', **more):
    return dict(label=label, points=points, shape_type=kind, **more)


@pytest.fixture
def write(root):
    """Writes the shapes of both images."""

    def write(*shapes, size=(24, 32)):
        content = dict(shapes=shapes, imageHeight=size[0], imageWidth=size[1])
        for stem in ('a', 'trip/b'):
            path = root / f'masks/{stem}.json'
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))

    return write


@pytest.mark.parametrize('size', [(24, 32), (None, None)])
def test_polygons_rectangles_and_masks(size, write, load, truth):
    small = io.BytesIO()
    Image.fromarray(truth[8:20, 18:30] == 2).save(small, 'png')
    write(
        shape('red', RED),
        shape('red', [[11, 13], [2, 4]], 'rectangle'),
        shape('red', RED, 'rectangle'),
        shape(
            'green',
            [[18, 8], [29, 19]],
            'mask',
            mask=base64.b64encode(small.getvalue()).decode(),
        ),
        size=size,
    )
    labels = load(FORMAT, classes=CLASSES)
    np.testing.assert_array_equal(labels['a'], truth)
    np.testing.assert_array_equal(labels['trip/b'], truth)


def test_circles_lines_and_points(write, load):
    write(
        shape('red', [[10, 10], [10, 14]], 'circle'),
        shape('green', [[20, 4], [31, 4]], 'line'),
        shape('green', [[25, 18]], 'point'),
        shape('green', [[1, 1], [2, 2]]),  # two points: no area
    )
    labels = load(FORMAT, classes=CLASSES)['a']
    y, x = np.mgrid[:24, :32]
    circle = (x - 10) ** 2 + (y - 10) ** 2
    assert (labels[circle <= 4**2 - 1] == 1).all()
    assert not labels[(circle > 5**2) & (x < 16)].any()
    assert (labels[:, 24] == 2).sum() > 9  # a line of 10 pixels
    assert labels[18, 25] == 2 and labels[20, 25] == 2
    assert labels[1, 1] == 0


def test_ignored_shapes_and_later_ones(write, load, truth):
    inner = [[4, 6], [6, 6], [6, 8], [4, 8]]
    write(shape('red', RED), shape('__ignore__', inner))
    labels = load(FORMAT, classes=CLASSES)['a']
    expected = np.uint8(truth == 1)
    expected[6:9, 4:7] = 255
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize('key', ['label', 'points'])
def test_shapes_that_lack_something(key, write, load):
    incomplete = shape('red', RED)
    del incomplete[key]
    write(shape('red', RED), incomplete)
    with pytest.raises(ValueError, match=f'a.json: shape 2 has no {key}'):
        load(FORMAT, classes=CLASSES)


@pytest.mark.parametrize('kind', ['polygon', 'rectangle', 'circle', 'line'])
def test_shapes_outside_the_image(kind, write, load):
    corners = [[-30, -20], [-20, -10], [-30, -10]]
    points = corners if kind == 'polygon' else corners[:2]
    write(shape('red', points, kind))
    assert not load(FORMAT, classes=CLASSES)['a'].any()


def test_unknown_names_and_types(root, write, load):
    write(shape('blue', RED))
    with pytest.raises(ValueError, match="a.json has the class 'blue', which"):
        load(FORMAT, classes=CLASSES)
    write(shape('red', RED, 'spline'))
    with pytest.raises(ValueError, match="unknown type 'spline'"):
        load(FORMAT, classes=CLASSES)
    (root / 'masks/a.json').write_text('[]')
    with pytest.raises(ValueError, match='a.json is no LabelMe file'):
        load(FORMAT, classes=CLASSES)
