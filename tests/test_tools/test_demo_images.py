"""The generated demo images."""

import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tools'))
from demo_images import (  # noqa: E402
    CLASSES,
    NUM_IMAGES,
    NUM_LABELED,
    SIZE,
    draw_scene,
    make_demo_data,
)


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    return make_demo_data(tmp_path_factory.mktemp('root') / 'data' / 'demo')


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


def test_the_config_reads_them(root, project_root, monkeypatch):
    """In the order of the lists; no image is in two parts."""
    monkeypatch.chdir(root.parent.parent)
    cfg = Config.fromfile(project_root / 'configs/usrn/demo.py')
    assert cfg.dataset.metainfo.classes == CLASSES
    init_default_scope('mmseg')
    paired = DATASETS.build(cfg.train_dataloader.dataset)
    parts = [
        [
            Path(part.get_data_info(i)['img_path']).stem
            for i in range(len(part))
        ]
        for part in (paired.labeled, paired.unlabeled)
    ]
    names = [f'{i:04d}' for i in range(NUM_IMAGES['train'])]
    assert parts == [names[:NUM_LABELED], names[NUM_LABELED:]]
    for part in ('val', 'test'):
        dataset = DATASETS.build(cfg[f'{part}_dataloader'].dataset)
        assert len(dataset) == NUM_IMAGES[part]
