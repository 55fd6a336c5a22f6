"""Normalising, padding and stacking of every branch."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample


@pytest.fixture
def preprocess():
    return MODELS.build(
        dict(
            type='MultiBranchDataPreprocessor',
            data_preprocessor=dict(
                type='SegDataPreProcessor',
                mean=[10.0, 20.0, 30.0],
                std=[2.0, 2.0, 2.0],
                bgr_to_rgb=True,
                size=(4, 6),
                seg_pad_val=255,
            ),
        )
    )


def image(value: int, height=4, width=6) -> torch.Tensor:
    """An image in BGR."""
    return torch.full((3, height, width), value, dtype=torch.uint8)


def labeled(height=4, width=6) -> SegDataSample:
    return SegDataSample(
        gt_sem_seg=PixelData(data=torch.ones(1, height, width).long()),
        gt_cell_map=PixelData(data=torch.ones(1, height, width).long()),
    )


def test_branches(preprocess):
    data = preprocess(
        dict(
            inputs=dict(
                sup=[image(12), image(14)],
                unsup_weak=[image(10), image(30)],
            ),
            data_samples=dict(
                sup=[labeled(), labeled()],
                unsup_weak=[SegDataSample(), SegDataSample()],
            ),
        ),
        training=True,
    )
    assert data['inputs']['sup'].shape == (2, 3, 4, 6)
    assert data['inputs']['sup'][:, :, 0, 0].tolist() == [
        [1, -4, -9],
        [2, -3, -8],
    ]
    assert data['inputs']['unsup_weak'][1, :, 0, 0].tolist() == [10, 5, 0]
    assert len(data['data_samples']['unsup_weak']) == 2


def test_cell_maps_are_padded_like_the_labels(preprocess):
    data = preprocess(
        dict(
            inputs=dict(sup=[image(1), image(1, 3, 5)]),
            data_samples=dict(sup=[labeled(), labeled(3, 5)]),
        ),
        training=True,
    )
    _, small = data['data_samples']['sup']
    assert small.gt_sem_seg.data[0].tolist() == [
        *[[1] * 5 + [255]] * 3,
        [255] * 6,
    ]
    assert small.gt_cell_map.data[0].tolist() == [
        *[[1] * 5 + [0]] * 3,
        [0] * 6,
    ]


def test_several_unlabeled_images_per_item_are_joined(preprocess):
    """MMEngine's collation gives one list per draw, each of a batch."""
    values = [[10, 12], [14, 16], [18, 20]]
    data = preprocess(
        dict(
            inputs=dict(
                unsup_weak=[[image(v) for v in draw] for draw in values]
            ),
            data_samples=dict(
                unsup_weak=[
                    [SegDataSample(metainfo=dict(value=v)) for v in draw]
                    for draw in values
                ]
            ),
        ),
        training=True,
    )
    found = data['inputs']['unsup_weak'][:, 0, 0, 0] * 2 + 10
    assert found.tolist() == [10, 12, 14, 16, 18, 20]
    samples = data['data_samples']['unsup_weak']
    assert [sample.value for sample in samples] == found.tolist()


def test_batch_without_branches_is_that_of_the_stock_preprocessor(preprocess):
    batch = dict(inputs=[image(12)], data_samples=[labeled()])
    data = preprocess(batch, training=False)
    assert torch.equal(
        data['inputs'], preprocess.data_preprocessor(batch)['inputs']
    )
