import re
import runpy
import shlex

import pytest
from mmseg.datasets import BaseSegDataset

from mmseg_usrn.datasets.splits import read_split


@pytest.fixture
def make_splits(project_root, monkeypatch, capsys):
    """Runs the tool inside this process, returns all that it prints."""
    tool = str(project_root / 'tools' / 'make_splits.py')

    def run(*args, check=True):
        monkeypatch.setattr('sys.argv', [tool, *map(str, args)])
        if check:
            runpy.run_path(tool, run_name='__main__')
            return capsys.readouterr().out
        with pytest.raises(SystemExit) as stop:
            runpy.run_path(tool, run_name='__main__')
        assert stop.value.code
        return f'{capsys.readouterr().err}{stop.value.code}'

    return run


def read_lists(folder):
    return [
        set(read_split(folder / f'{name}.txt'))
        for name in ('labeled', 'unlabeled')
    ]


def test_camvid_has_every_class_and_nests(make_splits, shared_dir, tmp_path):
    camvid = shared_dir / 'data' / 'camvid'
    parts = {'1/8': 46, '1/16': 23, '1/30': 12}
    made = []
    for part, count in parts.items():
        out = tmp_path / part.replace('/', 'over')
        text = make_splits(
            *(out, '--train', camvid / 'img_dir' / 'train'),
            *('--masks', camvid / 'ann_dir' / 'train'),
            *('--num-classes', 11, '--fraction', part, '--seed', 1),
        )
        labeled, unlabeled = read_lists(out)
        assert (len(labeled), len(unlabeled)) == (count, 367 - count)
        assert not labeled & unlabeled
        assert all(f'class {c}: ' in text for c in range(11))
        made.append(labeled)
    assert made[0] > made[1] > made[2]


def test_cityscapes_lists_fit_the_dataset(
    make_splits, cityscapes_root, tmp_path
):
    make_splits(
        *(tmp_path / 'out', '--count', 5, '--num-classes', 19),
        *('--train', cityscapes_root / 'leftImg8bit' / 'train'),
        *('--img-suffix', '_leftImg8bit.png'),
        *('--masks', cityscapes_root / 'gtFine' / 'train'),
        *('--mask-suffix', '_gtFine_labelTrainIds.png'),
    )
    dataset = BaseSegDataset(
        ann_file=str(tmp_path / 'out' / 'labeled.txt'),
        data_root=str(cityscapes_root),
        data_prefix=dict(
            img_path='leftImg8bit/train', seg_map_path='gtFine/train'
        ),
        img_suffix='_leftImg8bit.png',
        seg_map_suffix='_gtFine_labelTrainIds.png',
        metainfo=dict(classes=[str(c) for c in range(19)]),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='mmseg.LoadAnnotations'),
        ],
    )
    assert len(dataset) == 5
    assert dataset[4]['gt_seg_map'].shape == (128, 256)


@pytest.mark.parametrize('data', ['voc', 'cityscapes'])
def test_commands_of_the_docs(
    make_splits, project_root, request, tmp_path, monkeypatch, data
):
    """With another number: the trees here have 8 training images."""
    root = request.getfixturevalue(f'{data}_root')
    if data == 'voc':  # an image of SBD
        with (root / 'ImageSets/Segmentation/trainaug.txt').open('a') as file:
            file.write('2007_000008\n')
    monkeypatch.chdir(tmp_path)
    docs = (project_root / 'docs' / 'datasets.md').read_text()
    docs = docs.replace('\\\n', ' ')
    for name, value in re.findall(r'^    ([A-Z]+)=(.*)', docs, re.M):
        docs = docs.replace(f'${name}', value)
    docs = re.sub(r'--(fraction|count) [\d/]+', '--count 7', docs)
    commands = re.findall(
        rf'^    python tools/make_splits.py (data/splits/{data}/.*)',
        docs,
        re.M,
    )
    assert len(commands) == {'voc': 5, 'cityscapes': 1}[data]
    for command in commands:
        out, *arguments = shlex.split(command, comments=True)
        make_splits(out, *arguments)
        labeled, unlabeled = read_lists(tmp_path / out)
        assert labeled and not labeled & unlabeled


def test_original_list_is_adopted(make_splits, voc_root, tmp_path):
    original = tmp_path / 'labeled_original.txt'
    original.write_text(
        '/JPEGImages/2007_000001.jpg /SegmentationClassAug/2007_000001.png\n'
        '/JPEGImages/2007_000004.jpg /SegmentationClassAug/2007_000004.png\n'
    )
    train = voc_root / 'ImageSets' / 'Segmentation' / 'train.txt'
    out = tmp_path / 'out'
    make_splits(out, '--labeled', original, '--train', train)
    assert (out / 'labeled.txt').read_text() == '2007_000001\n2007_000004\n'
    assert len(read_split(out / 'unlabeled.txt')) == 6
    assert str(original) in (out / 'origin.txt').read_text()


def test_two_existing_lists_with_overlap(make_splits, tmp_path):
    labeled, unlabeled = tmp_path / 'l.txt', tmp_path / 'u.txt'
    labeled.write_text('a\nb\n')
    unlabeled.write_text('/JPEGImages/b.jpg /SegmentationClassAug/b.png\n')
    out = tmp_path / 'out'
    text = make_splits(
        *(out, '--labeled', labeled, '--unlabeled', unlabeled), check=False
    )
    assert 'stand in both' in text
    assert str(unlabeled) in text
    assert not out.exists()


def test_existing_lists_are_kept(make_splits, voc_root, tmp_path):
    train = voc_root / 'ImageSets' / 'Segmentation' / 'train.txt'
    args = (tmp_path / 'out', '--train', train, '--count')
    assert 'not looked at' in make_splits(*args, 3)
    text = make_splits(*args, 4, check=False)
    assert 'would be overwritten' in text
    assert len(read_split(tmp_path / 'out' / 'labeled.txt')) == 3
    make_splits(*args, 4, '--force')
    assert len(read_split(tmp_path / 'out' / 'labeled.txt')) == 4


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (('--fraction', '1/0'), 'not a fraction between 0 and 1'),
        (('--fraction', '8'), 'not a fraction between 0 and 1'),
        (('--fraction', '1/2'), 'give the training images with --train'),
        (('--count', '1', '--unlabeled', 'u.txt'), 'goes with --labeled'),
        (('--count', '1', '--train', 'none.txt'), 'none.txt is not a file'),
        ((), 'one of the arguments --fraction --count --labeled'),
    ],
)
def test_mistakes_end_with_one_line(make_splits, tmp_path, args, message):
    assert message in make_splits(tmp_path / 'out', *args, check=False)


@pytest.mark.slow
def test_as_a_process(run_tool, voc_root, tmp_path):
    train = voc_root / 'ImageSets' / 'Segmentation' / 'train.txt'
    args = ('make_splits.py', tmp_path / 'out', '--train', train, '--count')
    assert 'labeled: 3 images' in run_tool(*args, 3).stdout
    refused = run_tool(*args, 3, check=False)
    assert refused.returncode == 1
    assert refused.stdout.splitlines()[-1].startswith('make_splits.py: error:')
