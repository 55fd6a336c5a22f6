"""The truth: the outline's pixels belong to shapes, as Ultralytics paints."""

import cv2
import numpy as np
import pytest

FORMAT = dict(type='LoadYoloMasks')
CLASSES = ('red', 'bg', 'green')


def line(number, mask):
    """A mask as Ultralytics' converter writes it."""
    outline = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )[0][0][:, 0]
    shares = outline / mask.shape[::-1]
    return f'{number} ' + ' '.join(f'{v:.6f}' for v in shares.ravel())


@pytest.fixture
def write(root):
    def write(*lines):
        for stem in ('a', 'trip/b'):
            path = root / f'labels/{stem}.txt'
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text('\n'.join(lines) + '\n')

    return write


def test_polygons(root, write, load, truth):
    disc = np.zeros_like(truth)
    cv2.circle(disc, (15, 12), 9, 1, -1)
    write(line(1, disc), line(0, truth == 1))
    (root / 'labels/trip/b.txt').write_text('')
    labels = load(FORMAT, 'labels', CLASSES)
    expected = np.where(truth == 1, 0, np.where(disc, 2, 1))
    np.testing.assert_array_equal(labels['a'], expected)
    assert (labels['trip/b'] == 1).all()


def test_names_of_the_numbers(write, load, truth):
    write(line(2, truth == 2))
    labels = load(
        dict(FORMAT, names=['sky', 'red', 'green'], background=None),
        'labels',
        ('red', 'green'),
    )
    expected = np.where(truth == 2, 1, 255)
    np.testing.assert_array_equal(labels['a'], expected)


def test_names_of_numbers_with_gaps(write, load, truth):
    write(line(5, truth == 1), line(2, truth == 2))
    names = {2: 'green', 5: 'red'}
    labels = load(dict(FORMAT, names=names), 'labels', CLASSES)
    np.testing.assert_array_equal(labels['a'], np.array([1, 0, 2])[truth])
    write(line(1, truth == 1))
    with pytest.raises(ValueError, match=r'1 has no name; .* 2 \(green\), 5'):
        load(dict(FORMAT, names=names), 'labels', CLASSES)


def test_files_that_are_no_text(root, write, load):
    write('')
    (root / 'labels/a.txt').write_bytes(b'\xff\xfe0\x00')
    with pytest.raises(ValueError, match='a.txt is no UTF-8 text'):
        load(FORMAT, 'labels', CLASSES)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('0 0.5 0.5 0.2 0.2', 'line 1: a box, not a polygon'),
        ('0 0.1 0.1 0.2 0.2 0.3', 'three or more points'),
        ('0 10 10 20 20 30 10', '0 to 1; they go from 10 to 30'),
        ('0 0.1 0.1 0.2 0.2 nan 0.1', 'must be shares of width'),
        ('1e999 0.1 0.1 0.2 0.2 0.3 0.1', 'a class and three or more'),
        ('-1 0.1 0.1 0.2 0.2 0.3 0.1', 'class -1 has no name'),
        ('red 0.1 0.1 0.2 0.2 0.3 0.1', 'are no numbers'),
        (
            '2 0.1 0.1 0.2 0.2 0.3 0.1',
            r'class 2 has no name; .* 0 \(red\), 1 \(green\)',
        ),
    ],
)
def test_wrong_lines(text, message, write, load):
    write(text)
    with pytest.raises(ValueError, match=message):
        load(FORMAT, 'labels', CLASSES)
