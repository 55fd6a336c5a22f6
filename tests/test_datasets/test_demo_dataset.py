"""The generated demo images."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmseg_usrn.datasets import DemoDataset
from mmseg_usrn.datasets.demo_dataset import (
    CLASSES,
    NUM_IMAGES,
    NUM_LABELED,
    SIZE,
    draw_scene,
    make_demo_data,
)


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    return make_demo_data(tmp_path_factory.mktemp('data') / 'demo')


def read_labels(root: Path, part: str) -> np.ndarray:
    files = sorted((root / 'ann_dir' / part).glob('*.png'))
    return np.stack([np.array(Image.open(file)) for file in files])


def test_same_seed_same_image():
    first = draw_scene(np.random.default_rng(7))
    again = draw_scene(np.random.default_rng(7))
    other = draw_scene(np.random.default_rng(8))
    assert (first[0] == again[0]).all() and (first[1] == again[1]).all()
    assert (first[0] != other[0]).any()


def test_images_and_masks(root):
    for part, count in NUM_IMAGES.items():
        images = list((root / 'img_dir' / part).iterdir())
        masks = list((root / 'ann_dir' / part).iterdir())
        assert len(images) == count
        assert len(masks) == (NUM_LABELED if part == 'train' else count)
    image = np.array(Image.open(root / 'img_dir' / 'train' / '0000.png'))
    assert image.shape == (SIZE, SIZE, 3) and image.dtype == np.uint8


def test_labeled_images_hold_every_class_unevenly(root):
    counts = np.bincount(
        read_labels(root, 'train').ravel(), minlength=len(CLASSES)
    )
    assert len(counts) == len(CLASSES)
    assert counts.min() > 0
    assert counts.max() > 20 * counts.min()


def test_made_once(root):
    files = {
        file: file.stat().st_mtime_ns
        for file in root.rglob('*')
        if file.is_file()
    }
    assert make_demo_data(root) == root
    assert files == {file: file.stat().st_mtime_ns for file in files}
    assert [child.name for child in root.parent.iterdir()] == ['demo']


def test_foreign_folder_is_refused(tmp_path):
    (tmp_path / 'precious.txt').write_text('mine')
    with pytest.raises(ValueError, match='remove or rename it'):
        make_demo_data(tmp_path)
    assert (tmp_path / 'precious.txt').read_text() == 'mine'


@pytest.mark.parametrize(
    ('part', 'count'),
    [
        ('labeled', NUM_LABELED),
        ('unlabeled', NUM_IMAGES['train'] - NUM_LABELED),
        ('val', NUM_IMAGES['val']),
        ('test', NUM_IMAGES['test']),
    ],
)
def test_parts(root, part, count):
    dataset = DemoDataset(part, data_root=str(root), pipeline=[])
    assert len(dataset) == count
    assert dataset.metainfo['classes'] == CLASSES
    info = dataset.get_data_info(0)
    assert Path(info['img_path']).is_file()
    assert Path(info['seg_map_path']).is_file() == (part != 'unlabeled')


def test_parts_are_disjoint(root):
    labeled, unlabeled = (
        {
            DemoDataset(part, str(root)).get_data_info(i)['img_path']
            for i in range(NUM_LABELED)
        }
        for part in ('labeled', 'unlabeled')
    )
    assert not labeled & unlabeled


def test_unknown_part(root):
    with pytest.raises(ValueError, match="got 'train'"):
        DemoDataset('train', data_root=str(root))
