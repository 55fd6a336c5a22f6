"""A folder of images and their true labels, and ways to use a format."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from PIL import Image

from mmseg_usrn.datasets import FolderSegDataset

CLASSES = ('ground', 'red', 'green')
PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
]


@pytest.fixture
def truth() -> np.ndarray:
    """Class indices of shape (24, 32): ground, red on the left, green."""
    labels = np.zeros((24, 32), np.uint8)
    labels[4:14, 2:12] = 1
    labels[8:20, 18:30] = 2
    return labels


@pytest.fixture
def root(tmp_path, truth):
    """`images/a.jpg` and `images/trip/b.jpg` of the size of the labels."""
    for stem in ('a', 'trip/b'):
        path = tmp_path / 'images' / f'{stem}.jpg'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', truth.shape[::-1]).save(path)
    return tmp_path


@pytest.fixture
def load(root):
    """Labels of all images by a dataset with a format, by stem."""
    init_default_scope('mmseg')

    def load(mask_format, masks='masks', classes=CLASSES, **settings):
        dataset = FolderSegDataset(
            data_root=str(root),
            data_prefix=dict(img_path='images', seg_map_path=masks),
            metainfo=dict(classes=classes),
            mask_format=mask_format,
            pipeline=PIPELINE,
            **settings,
        )
        labels = {}
        for index in range(len(dataset)):
            sample = dataset[index]
            assert sample['seg_fields'] == ['gt_seg_map']
            stem = sample['img_path'].rpartition('/images/')[2][:-4]
            labels[stem] = sample['gt_seg_map']
        return labels

    return load


@pytest.fixture
def save(root):
    """Saves an array as the mask of both images."""

    def save(array, suffix='.png', folder='masks', **options):
        for stem in ('a', 'trip/b'):
            path = root / folder / (stem + suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(path, **options)

    return save
