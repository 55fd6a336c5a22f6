import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_usrn.datasets import FolderSegDataset, PairedDataset
from mmseg_usrn.datasets.mask_formats import MaskLoader

COLORS = [(0, 0, 0), (250, 50, 50), (10, 200, 30)]
PAINT = np.array(COLORS, np.uint8)


def test_index_masks_of_any_depth(load, save, truth):
    for dtype in (np.uint8, np.uint16, np.int32):
        save(truth.astype(dtype), '.tif')
        labels = load(dict(type='LoadWideAnnotations'), ignore_index=255)
        np.testing.assert_array_equal(labels['a'], truth)
        assert labels['a'].dtype == np.uint8


def test_what_is_no_format(root):
    with pytest.raises(ValueError, match='LoadImageFromFile is no loader'):
        FolderSegDataset(
            data_root=str(root),
            metainfo=dict(classes=('a', 'b')),
            mask_format=dict(type='LoadImageFromFile'),
        )


def test_names_that_do_not_match(load, save, truth):
    save(PAINT[truth], '_mask.png')
    with pytest.raises(ValueError, match='like a, masks like a_mask; '):
        load(dict(type='LoadColorMasks', colors=COLORS))
    labels = load(
        dict(type='LoadColorMasks', colors=COLORS),
        seg_map_suffix='_mask.png',
    )
    np.testing.assert_array_equal(labels['trip/b'], truth)


@pytest.fixture
def colored(root) -> dict:
    """Config of a dataset with masks in colours, without a pipeline."""
    return dict(
        type='FolderSegDataset',
        data_root=str(root),
        data_prefix=dict(img_path='images', seg_map_path='masks'),
        metainfo=dict(classes=('ground', 'red', 'green')),
        mask_format=dict(type='LoadColorMasks', colors=COLORS),
    )


def test_masks_of_augmented_images(colored, save, truth):
    init_default_scope('mmseg')
    save(PAINT[truth])
    flips = [dict(type='RandomFlip', prob=p) for p in (0.0, 1.0)]
    last = [[dict(type='LoadAnnotations')], [dict(type='PackSegInputs')]]
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='TestTimeAug', transforms=[flips, *last]),
    ]
    dataset = DATASETS.build(dict(colored, pipeline=pipeline))
    samples = dataset[0]['data_samples']
    assert len(samples) == 2
    for sample in samples:
        np.testing.assert_array_equal(sample.gt_sem_seg.data[0], truth)


def test_one_setting_for_all_pipelines(root, colored, save, truth):
    """Training, features, and the pipeline that a test runs."""
    init_default_scope('mmseg')
    save(PAINT[truth])
    view = dict(type='PackSegInputs')
    paired = PairedDataset(
        labeled=dict(
            colored,
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations'),
                dict(type='AddCellMap', stride=8),
                dict(type='Resize', scale=(64, 48)),
                dict(type='PackLabeledInputs'),
            ],
        ),
        unlabeled=dict(
            type='UnlabeledDataset',
            data_root=str(root),
            data_prefix=dict(img_path='images'),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(
                    type='MultiBranch', unsup_weak=[view], unsup_strong=[view]
                ),
            ],
        ),
        feature_pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(64, 48)),
            dict(type='LoadAnnotations'),
            dict(type='PackSegInputs'),
        ],
    )
    sup = paired[0]['data_samples']['sup']
    expected = truth.repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(sup.gt_sem_seg.data[0], expected)
    features = paired.without_augmentation()[1]['data_samples']
    np.testing.assert_array_equal(features.gt_sem_seg.data[0], truth)
    assert features.seg_map_path.endswith('masks/trip/b.png')


def test_expected_source_of_a_missing_mask():
    assert MaskLoader().expected('masks', 'trip/b') == 'masks/trip/b.png'
