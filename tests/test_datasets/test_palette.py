import json

import numpy as np
import pytest

from mmseg_usrn.datasets.palette import default_palette, load_classes


def test_default_palette_is_distinct_and_stable():
    palette = np.array(default_palette(300))
    assert palette.shape == (300, 3)
    assert palette.min() >= 0 and palette.max() <= 255
    assert len({tuple(color) for color in palette}) == 300
    assert default_palette(7) == palette[:7].tolist()
    few = palette[:20].astype(int)
    distance = np.abs(few[:, None] - few[None]).max(-1)
    assert distance[~np.eye(20, dtype=bool)].min() >= 40


@pytest.mark.parametrize(
    'name, text',
    [
        ('c.json', json.dumps(['road', 'tree'])),
        ('c.yaml', 'classes: [road, tree]'),
        ('c.yml', '- road\n- tree\n'),
        ('c.txt', 'road\n\n tree \n'),
    ],
)
def test_names_from_a_file(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert load_classes(tmp_path / name) == dict(classes=('road', 'tree'))


def test_colours_from_a_file(tmp_path):
    path = tmp_path / 'c.json'
    meta = dict(classes=['road', 'tree'], palette=[[1, 2, 3], [4, 5, 6]])
    path.write_text(json.dumps(meta))
    assert load_classes(path)['palette'] == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    'content, message',
    [
        ({}, 'no class names'),
        ([], 'no class names'),
        ([1, 2], 'must be strings'),
        (['a', 'b', 'a'], r"more than once: \['a'\]"),
        (
            dict(classes=['a'], palette=[[1, 2, 3], [1, 2, 3]]),
            '1 classes need',
        ),
        (dict(classes=['a'], palette=[[1, 2]]), 'three values'),
    ],
)
def test_faults_of_the_file_are_named(tmp_path, content, message):
    path = tmp_path / 'c.json'
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message) as error:
        load_classes(path)
    assert 'c.json' in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(ValueError, match='c.json does not exist'):
        load_classes(tmp_path / 'c.json')
