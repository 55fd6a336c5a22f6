"""Masks of unlabeled images, seen through their pipeline."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_usrn.datasets.fixed_views import fixed_view
from mmseg_usrn.datasets.hidden_truth import HiddenTruth
from tests.toy import save


@pytest.fixture
def paired(toy_config, toy_root):
    """Labeled masks of 0 and 255; unlabeled images that show their mask."""
    init_default_scope('mmseg')
    for i in range(5):
        mask = np.full((48, 64), 255, np.uint8)
        mask[:, :9] = 0
        save(toy_root / 'labeled_masks' / f'{i}.png', mask)
    rng = np.random.default_rng(0)
    for name in ('a/1', 'a/2', 'b/1'):
        mask = 255 * rng.integers(0, 2, (48, 64), dtype=np.uint8)
        image = np.repeat(mask[..., None], 3, axis=2)
        save(toy_root / 'many' / f'{name}.png', image)
        if name != 'a/2':
            save(toy_root / 'hidden' / f'{name}_mask.png', mask)
    dataset = toy_config.train_dataloader.dataset
    dataset.labeled.type = 'FolderSegDataset'
    dataset.labeled.update(
        seg_map_suffix=['.png', '_mask.png'], label_map={255: 1}
    )
    steps = dataset.unlabeled.pipeline
    dataset.unlabeled = dict(
        type='UnlabeledDataset',
        data_root=str(toy_root),
        data_prefix=dict(img_path='many'),
        pipeline=[s for s in steps if s['type'] != 'RandomResize'],
    )
    return DATASETS.build(dataset)


def test_masks_follow_crop_and_flip_and_label_rules(paired, toy_root):
    truth = HiddenTruth(paired, str(toy_root / 'hidden'))
    assert sorted(truth.sources) == [0, 2]  # a/2 has none
    for index in truth.sources:
        view = fixed_view(truth, index)
        mask = view['data_samples'].gt_sem_seg.data[0]
        assert mask.shape == (40, 40)
        assert torch.equal(mask, (view['inputs'][0] > 127).long())
        without = fixed_view(paired.unlabeled, index)
        assert torch.equal(view['inputs'], without['inputs'])


def test_no_mask_is_refused(paired, toy_root):
    save(toy_root / 'other' / 'x.png', np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match='has the name of an image'):
        HiddenTruth(paired, str(toy_root / 'other'))


def test_a_wrapper_is_refused(paired, toy_root):
    paired.unlabeled = torch.utils.data.ConcatDataset([paired.unlabeled])
    with pytest.raises(ValueError, match='not for a ConcatDataset'):
        HiddenTruth(paired, str(toy_root / 'hidden'))
