"""Samples that follow from seed and position."""

import random

import numpy as np
import pytest
import torch
from mmseg.registry import DATASETS
from torch.utils.data import DataLoader, Dataset

from mmseg_usrn.datasets import SampleStream
from mmseg_usrn.datasets.sample_stream import PositionSampler


@DATASETS.register_module()
class DrawingDataset(Dataset):
    """Seven images; each time another number is drawn from each state."""

    def __len__(self):
        return 7

    def __getitem__(self, index):
        draws = random.random(), np.random.rand(), torch.rand(1).item()
        return index, *draws


def stream(seed=0, shuffle=True):
    return SampleStream(dict(type='DrawingDataset'), seed, shuffle)


def positions(monkeypatch, rank, world_size, batches, batch_size, skip=0):
    """Positions of some batches of a rank."""
    monkeypatch.setattr(
        'mmseg_usrn.datasets.sample_stream.get_dist_info',
        lambda: (rank, world_size),
    )
    sampler = PositionSampler(stream())
    sampler.skip(skip)
    found = iter(sampler)
    return [[next(found) for _ in range(batch_size)] for _ in range(batches)]


@pytest.mark.parametrize('world_size', [1, 2, 3, 6])
def test_global_batches_are_those_of_one_process(monkeypatch, world_size):
    """12 positions an iteration, however many processes there are."""
    share = 12 // world_size
    ranks = [
        positions(monkeypatch, rank, world_size, 3, share)
        for rank in range(world_size)
    ]
    for iteration in range(3):
        batch = {p for rank in ranks for p in rank[iteration]}
        assert batch == set(range(12 * iteration, 12 * iteration + 12))


def test_skipped_samples_are_those_of_the_iterations_before(monkeypatch):
    whole = positions(monkeypatch, 1, 2, 5, 4)
    rest = positions(monkeypatch, 1, 2, 2, 4, skip=3 * 4)
    assert rest == whole[3:]


def test_a_sample_follows_from_its_position():
    first = [stream()[p] for p in range(20)]
    one = stream()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    assert [one[p] for p in reversed(range(20))] == first[::-1]
    assert [stream(seed=1)[p] for p in range(20)] != first
    draws = {sample[1:] for sample in first}
    assert len(draws) == 20


@pytest.mark.parametrize('workers', [1, 2])
def test_workers_change_nothing(workers):
    loader = DataLoader(stream(), sampler=range(12), num_workers=workers)
    found = [tuple(value.item() for value in sample) for sample in loader]
    expected = [stream()[p] for p in range(12)]
    assert found == [pytest.approx(sample) for sample in expected]


def test_each_turn_has_every_image_once_in_an_order_of_its_own():
    turns = [
        [stream()[7 * turn + p][0] for p in range(7)] for turn in range(4)
    ]
    assert all(sorted(turn) == list(range(7)) for turn in turns)
    assert len({tuple(turn) for turn in turns}) > 1
    in_order = [stream(shuffle=False)[p][0] for p in range(9)]
    assert in_order == [0, 1, 2, 3, 4, 5, 6, 0, 1]


def test_the_states_of_the_process_are_left_as_they_were():
    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    expected = random.random(), np.random.rand(), torch.rand(1)
    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    stream()[5]
    assert (random.random(), np.random.rand(), torch.rand(1)) == expected
