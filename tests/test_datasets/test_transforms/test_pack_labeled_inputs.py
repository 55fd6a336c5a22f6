"""Packing of labels with their cells."""

import numpy as np
import pytest
import torch

from mmseg_usrn.datasets import PackLabeledInputs


@pytest.fixture
def results() -> dict:
    return dict(
        img=np.zeros((2, 3, 3), np.uint8),
        img_path='a.png',
        ori_shape=(2, 3),
        img_shape=(2, 3),
        gt_seg_map=np.array([[0, 1, 255], [1, 1, 0]], np.uint8),
        gt_cell_map=np.array([[0, 0, 1], [2, 2, 3]], np.float32),
        seg_fields=['gt_seg_map', 'gt_cell_map'],
        sample_idx=7,
    )


def test_pack(results):
    packed = PackLabeledInputs()(results)
    sample = packed['data_samples']
    assert packed['inputs'].shape == (3, 2, 3)
    assert sample.gt_sem_seg.data.tolist() == [[[0, 1, 255], [1, 1, 0]]]
    assert sample.gt_cell_map.data.tolist() == [[[0, 0, 1], [2, 2, 3]]]
    assert sample.gt_cell_map.data.dtype == torch.int64
    assert sample.labeled_index == 7
    assert sample.img_path == 'a.png'


def test_cell_map_is_needed(results):
    del results['gt_cell_map']
    with pytest.raises(ValueError, match=r"add dict\(type='AddCellMap'\)"):
        PackLabeledInputs()(results)


def test_padding_of_the_labels_alone_is_refused(results):
    results['gt_seg_map'] = np.zeros((4, 4), np.uint8)
    with pytest.raises(ValueError, match=r'mmcv.Pad does; let the size'):
        PackLabeledInputs()(results)
