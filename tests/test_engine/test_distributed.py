"""Runs in several processes, on GPUs and on CPUs."""

import time
from types import SimpleNamespace

import pytest
import torch.distributed as dist
from mmengine.config import ConfigDict
from mmengine.logging import MMLogger, print_log
from torch.utils.data import DataLoader

from mmseg_usrn.engine.distributed import (
    leave_process_group,
    let_first_rank_speak,
    raise_on_all_ranks,
    replace_sync_bn,
)


@pytest.mark.parametrize('rank', [0, 1])
def test_before_there_is_a_group_one_rank_speaks(said, monkeypatch, rank):
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'level', logger.level)  # as it was afterwards
    monkeypatch.setenv('RANK', str(rank))
    let_first_rank_speak('pytorch')
    print_log('of all ranks', logger='current')
    assert ('of all ranks' in said()) == (rank == 0)


def test_replace_sync_bn():
    model = ConfigDict(
        dict(
            backbone=dict(norm_cfg=dict(type='SyncBN', eps=0.1)),
            heads=[dict(norm_cfg=dict(type='SyncBN')), dict(type='GN')],
        )
    )
    assert replace_sync_bn(model)
    assert model.backbone.norm_cfg == dict(type='BN', eps=0.1)
    assert model.heads[0]['norm_cfg']['type'] == 'BN'
    assert not replace_sync_bn(model)


def test_one_process_raises_its_own():
    raise_on_all_ranks(None)
    with pytest.raises(ValueError, match='mine'):
        raise_on_all_ranks(ValueError('mine'))


def raise_on_second() -> None:
    """The first rank learns from the second what has gone wrong there."""
    raise_on_all_ranks(None)
    mine = KeyError('of rank 1') if dist.get_rank() == 1 else None
    with pytest.raises(KeyError, match='of rank 1'):
        raise_on_all_ranks(mine)


def test_no_rank_is_left_waiting(run_ranks):
    run_ranks(raise_on_second)


def leave_with_workers() -> None:
    """A runner that went out of scope holds the workers of its loader."""
    runner = SimpleNamespace(batches=iter(DataLoader(range(9), num_workers=2)))
    runner.hook = SimpleNamespace(runner=runner)
    next(runner.batches)
    del runner
    start = time.monotonic()
    leave_process_group()
    assert time.monotonic() - start < 4
    assert not dist.is_initialized()


def test_the_end_does_not_wait_for_workers(run_ranks):
    run_ranks(leave_with_workers)
