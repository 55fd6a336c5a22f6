import json

import pytest

from mmseg_usrn.datasets.class_names import load_classes


@pytest.mark.parametrize(
    'name, text',
    [
        ('c.json', json.dumps(['road', 'tree'])),
        ('c.yaml', 'classes: [road, tree]'),
        ('c.yml', '- road\n- tree\n'),
        ('c.txt', 'road\n\n tree \n'),
        ('c.txt', '\ufeff0 road\n1 tree\n'),
        ('c.txt', '1: tree\n0: road\n'),
        ('c.txt', 'road,tree'),
        ('c.txt', '# names\nroad\ntree'),
        ('c.csv', 'name\nroad\ntree\n'),
        ('c.csv', 'Class\n"road"\n"tree"\n'),
        ('c.csv', 'id,name\n1,road,\n2,tree\n'),
        ('_classes.csv', 'Pixel Value, Class\n0, road\n1, tree\n'),
        ('data.yaml', 'nc: 2\nnames: [road, tree]\ntrain: images'),
        ('data.yaml', 'names:\n  1: tree\n  0: road\n'),
        ('c.json', json.dumps({'0': 'road', '1': 'tree'})),
        ('c.json', json.dumps({'tree': 1, 'road': 0})),
        (
            'coco.json',
            json.dumps(
                dict(
                    images=[],
                    categories=[
                        dict(id=2, name='tree', supercategory='plants'),
                        dict(id=1, name='road', supercategory='none'),
                    ],
                )
            ),
        ),
        (
            'roboflow.json',
            json.dumps(
                dict(
                    categories=[
                        dict(id=0, name='things', supercategory='none'),
                        dict(id=1, name='road', supercategory='things'),
                        dict(id=2, name='tree', supercategory='things'),
                    ]
                )
            ),
        ),
    ],
)
def test_names_from_a_file(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    meta = load_classes(tmp_path / name)
    assert meta.pop('values', [1, 2]) == [1, 2]
    assert meta == dict(classes=('road', 'tree'))


def test_colours_from_a_file(tmp_path):
    path = tmp_path / 'c.json'
    meta = dict(classes=['road', 'tree'], palette=[[1, 2, 3], [4, 5, 6]])
    path.write_text(json.dumps(meta))
    assert load_classes(path)['palette'] == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    'name, text',
    [
        ('labelmap.txt', '# label:color:parts\nroad:1,2,3::\ntree:4,5,6::'),
        ('class_dict.csv', 'name,r,g,b\nroad,1,2,3\ntree,4,5,6\n'),
        ('c.json', json.dumps(dict(road=[1, 2, 3], tree=[4, 5, 6]))),
        (
            'cvat.json',
            json.dumps(
                [
                    dict(name='road', color='#010203'),
                    dict(name='tree', color='#040506'),
                ]
            ),
        ),
    ],
)
def test_names_with_colours(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    meta = load_classes(tmp_path / name)
    assert meta['classes'] == ('road', 'tree')
    assert meta['palette'] == [[1, 2, 3], [4, 5, 6]]


def test_numbers_with_gaps_are_kept(tmp_path):
    (tmp_path / 'c.txt').write_text('7 tree\n0 ground\n5 road\n')
    meta = load_classes(tmp_path / 'c.txt')
    assert meta == dict(classes=('ground', 'road', 'tree'), values=[0, 5, 7])


@pytest.mark.parametrize(
    'text, values',
    [
        ('0 road\n1 tree\n', None),
        ('1 road\n2 tree\n', [1, 2]),
        ('id,name\n2,tree\n1,road\n', [1, 2]),
    ],
)
def test_numbers_that_do_not_start_at_zero_are_kept(tmp_path, text, values):
    (tmp_path / 'c.csv').write_text(text)
    meta = load_classes(tmp_path / 'c.csv')
    assert meta['classes'] == ('road', 'tree')
    assert meta.get('values') == values


def test_names_with_numbers_and_colons_stay_names(tmp_path):
    (tmp_path / 'c.txt').write_text('zone 1\nzone 2\n')
    assert load_classes(tmp_path / 'c.txt')['classes'] == ('zone 1', 'zone 2')


@pytest.mark.parametrize('name', ['c.txt', 'c.csv'])
def test_names_with_commas_stay_names(tmp_path, name):
    names = ('wall', 'building, edifice', 'sky')
    (tmp_path / name).write_text('\n'.join(names))
    assert load_classes(tmp_path / name)['classes'] == names


def test_a_first_name_that_could_be_a_heading(tmp_path):
    (tmp_path / 'c.txt').write_text('label\ntext\n')
    assert load_classes(tmp_path / 'c.txt')['classes'] == ('label', 'text')


@pytest.mark.parametrize(
    'text',
    [
        'id,name\n0,wall\n1,building, edifice\n',
        'name\nwall\nbuilding, edifice\n',
        'id,name\n0,wall\n1\n',
        'name,r,g,b\nwall,1,2,3\nsky,4,5\n',
    ],
)
def test_rows_that_do_not_fit_the_heading(tmp_path, text):
    (tmp_path / 'c.csv').write_text(text)
    with pytest.raises(ValueError, match=r'c.csv: the row .* in quotes'):
        load_classes(tmp_path / 'c.csv')


@pytest.mark.parametrize('name', ['c.yaml', 'c.json'])
def test_damaged_files_are_named(tmp_path, name):
    (tmp_path / name).write_text('{"classes": [road, tree')
    with pytest.raises(ValueError, match=f'{name} is damaged: '):
        load_classes(tmp_path / name)


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
