"""Batch norm statistics of two ranks."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.dist import get_rank

from mmseg_usrn.engine import AverageNormHook


def average_on_rank(folder):
    rank = get_rank()
    norms = torch.nn.ModuleList(
        [
            torch.nn.BatchNorm2d(2),
            torch.nn.BatchNorm2d(2, track_running_stats=False),
        ]
    )
    norms[0].running_mean.fill_(2.0 * rank)
    norms[0].running_var.fill_(1.0 + rank)
    norms.register_buffer('other', torch.tensor([rank]))
    AverageNormHook().after_train_iter(SimpleNamespace(model=norms), 0)
    torch.save(norms.state_dict(), f'{folder}/{rank}.pth')


@pytest.mark.slow
def test_ranks_get_the_mean(run_ranks, tmp_path):
    run_ranks(average_on_rank, tmp_path)
    for rank in (0, 1):
        state = torch.load(tmp_path / f'{rank}.pth')
        assert state['0.running_mean'].tolist() == [1.0, 1.0]
        assert state['0.running_var'].tolist() == [1.5, 1.5]
        assert state['other'].item() == rank, 'nothing else is touched'
