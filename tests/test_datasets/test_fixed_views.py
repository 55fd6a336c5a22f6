"""Views of unlabeled images that are the same each time."""

import numpy as np
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_usrn.datasets.fixed_views import as_batch, fixed_view, spread


def test_a_view_is_the_same_and_draws_nothing(toy_config):
    init_default_scope('mmseg')
    paired = DATASETS.build(toy_config.train_dataloader.dataset)
    np.random.seed(5)
    expected = np.random.rand()
    np.random.seed(5)
    view = fixed_view(paired.unlabeled, 3)
    assert np.random.rand() == expected
    again = fixed_view(paired.unlabeled, 3)
    assert torch.equal(view['inputs'], again['inputs'])
    other = paired.unlabeled[3]['inputs']['unsup_weak']
    assert not torch.equal(view['inputs'], other)  # another crop
    assert view['data_samples'].img_path.endswith('unlabeled/3.png')
    batch = as_batch([view, again])
    assert [*batch['inputs']] == ['unsup_weak']
    assert batch['data_samples']['unsup_weak'][0] is not view['data_samples']


def test_indices_are_spread_over_all():
    assert spread(7, 4) == [0, 2, 4, 6]
    assert spread(2, 4) == [0, 1]
    assert spread(9, 1) == [0]
