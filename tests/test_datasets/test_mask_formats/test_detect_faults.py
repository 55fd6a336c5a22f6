"""One damaged file among others does not hide what the others are."""

import json

import numpy as np
import pytest

from mmseg_usrn.datasets.mask_formats import detect_mask_format

CLASSES = ('background', 'red', 'green')
STEMS = ['a', 'trip/b']
SQUARE = '0.1 0.1 0.4 0.1 0.4 0.4'


@pytest.fixture
def write(root):
    """Writes text or bytes below the root."""

    def write(name, content):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)

    return write


@pytest.fixture
def detect(root):
    def detect(classes=CLASSES):
        return detect_mask_format(str(root / 'masks'), STEMS, classes)

    return detect


@pytest.mark.parametrize('damaged', ['', '{', '{"shapes": [{}]}'])
def test_labelme(damaged, write, detect):
    shape = dict(label='red', points=[[1, 1], [9, 1], [9, 9]])
    write('masks/a.json', damaged)
    write('masks/trip/b.json', json.dumps(dict(shapes=[shape])))
    found = detect(())
    assert found.mask_format == dict(type='LoadLabelMeMasks')
    assert found.classes == ('background', 'red')


def test_json_files_that_are_all_damaged(write, detect):
    write('masks/a.json', '{')
    with pytest.raises(ValueError, match='a.json is damaged'):
        detect()


def test_arrays(root, write, detect, truth):
    write('masks/a.npy', '')
    with pytest.raises(ValueError, match='a.npy cannot be read'):
        detect()
    (root / 'masks/trip').mkdir()
    np.save(root / 'masks/trip/b.npy', truth)
    assert detect().mask_format == dict(type='LoadArrayMasks')


@pytest.mark.parametrize('damaged', [b'', b'\xff\xfe0\x00'])
def test_yolo(damaged, write, detect):
    write('masks/a.txt', damaged)
    write('masks/trip/b.txt', f'1 {SQUARE}\n')
    assert detect().mask_format == dict(type='LoadYoloMasks')


@pytest.mark.parametrize(
    ('text', 'names'),
    [
        ('names: [red, green]', ['red', 'green']),
        ('names: {1: green, 0: red}', ['red', 'green']),
        ('names: {1: red, 2: green}', {1: 'red', 2: 'green'}),
        ('names: {"5": green, "2": red}', {2: 'red', 5: 'green'}),
        ('\ufeffnames: {0: red, 2: green}', {0: 'red', 2: 'green'}),
        ('[red, green]', None),
    ],
)
def test_names_of_yolo_keep_their_numbers(text, names, write, detect):
    number = 0 if isinstance(names, list) else 2
    for stem in STEMS:
        write(f'masks/{stem}.txt', f'{number} {SQUARE}\n')
    write('data.yaml', text)
    assert detect().mask_format.get('names') == names


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('names: {a: red}', r'data.yaml: the keys of names must be the numb'),
        ('names: [', 'data.yaml is damaged'),
    ],
)
def test_wrong_configs_of_yolo(text, message, write, detect):
    write('masks/a.txt', f'0 {SQUARE}\n')
    write('data.yaml', text)
    with pytest.raises(ValueError, match=message):
        detect()
