"""Forking of a sample into views."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmseg_usrn.datasets import MultiBranch


@pytest.fixture
def sample() -> dict:
    init_default_scope('mmseg')
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (8, 6, 3), np.uint8)
    return dict(img=image, img_path='a.png', img_shape=(8, 6))


def test_views_by_branch(sample):
    original = sample['img'].copy()
    fork = MultiBranch(
        unsup_weak=[dict(type='PackSegInputs')],
        unsup_strong=[
            dict(type='RandomFlip', prob=1.0),
            dict(type='PackSegInputs'),
        ],
    )
    views = fork(sample)
    assert list(views) == ['inputs', 'data_samples']
    assert list(views['inputs']) == ['unsup_weak', 'unsup_strong']
    assert list(views['data_samples']) == ['unsup_weak', 'unsup_strong']
    weak, strong = views['inputs'].values()
    expected = torch.from_numpy(original).movedim(2, 0)
    assert torch.equal(weak, expected)
    assert torch.equal(strong, expected.flip(2))
    assert views['data_samples']['unsup_strong'].flip
    assert np.array_equal(sample['img'], original), 'views share no memory'


def test_flipped_and_cropped_images(sample):
    """Geometry leaves views into larger arrays."""
    pack = [dict(type='PackSegInputs')]
    fork = MultiBranch(unsup_weak=pack, unsup_strong=pack)
    for part in (np.s_[2:7, ::-1], np.s_[::-1], np.s_[1:4, 2:5, :2], 0):
        image = sample['img'][part] if part else sample['img'][..., 0]
        views = fork(dict(sample, img=image))['inputs']
        expected = np.ascontiguousarray(np.atleast_3d(image))
        for view in views.values():
            assert view.is_contiguous()
            np.testing.assert_array_equal(view.permute(1, 2, 0), expected)
        views['unsup_weak'].zero_()
        assert views['unsup_strong'].any()


def test_a_branch_may_change_its_sample(sample):
    def paint(results):
        results['img'][:] = 0
        results['seg_fields'].append('a')
        return results

    pack = dict(type='PackSegInputs')
    fork = MultiBranch(unsup_strong=[paint, pack], unsup_weak=[pack])
    sample['seg_fields'] = []
    views = fork(sample)['inputs']
    assert not views['unsup_strong'].any() and views['unsup_weak'].any()
    assert sample['img'].any() and not sample['seg_fields']


def test_a_branch_is_needed():
    with pytest.raises(ValueError, match='at least one branch'):
        MultiBranch()
