"""An endless stream of samples that a resumed run finds again."""

import random
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
import torch
from mmengine.dist import get_dist_info
from mmseg.registry import DATA_SAMPLERS, DATASETS
from torch.utils.data import Dataset, Sampler


@DATA_SAMPLERS.register_module()
class PositionSampler(Sampler):
    """Positions of the stream, each rank its share of every global batch.

    The ranks take turns, so that any number of them reads the same samples
    with the same global batch.

    Args:
        dataset: The stream; its length is what this sampler calls its own.
        seed: Not used; the stream has a seed.
    """

    def __init__(self, dataset: Sized, seed: int | None = None) -> None:
        self.rank, self.world_size = get_dist_info()
        self.size = len(dataset)
        self.skipped = 0

    def __iter__(self) -> Iterator[int]:
        position = self.skipped * self.world_size + self.rank
        while True:
            yield position
            position += self.world_size

    def __len__(self) -> int:
        return self.size

    def skip(self, num_samples: int) -> None:
        """Begin after this many samples of each rank, as MMEngine asks."""
        self.skipped = num_samples

    def set_epoch(self, epoch: int) -> None:
        """Nothing: the stream has no epochs."""


@DATASETS.register_module()
class SampleStream(Dataset):
    """A dataset in which a sample follows from seed and position alone.

    Images come in a new order each time all of them were seen. Whatever is
    drawn for a sample, its augmentation and its unlabeled images, comes from
    a random state of its own, in any worker of any rank, and the state of
    the process is left as it was.

    Args:
        dataset: Config of the dataset.
        seed: Seed of the stream, equal on all ranks.
        shuffle: Whether the order is random.
    """

    def __init__(self, dataset: dict, seed: int, shuffle: bool = True) -> None:
        self.dataset = DATASETS.build(dataset)
        if hasattr(self.dataset, 'full_init'):
            self.dataset.full_init()
        self.seed = seed
        self.shuffle = shuffle

    @property
    def metainfo(self) -> dict:
        """Classes and palette of the dataset."""
        return self.dataset.metainfo

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, position: int):
        turn, place = divmod(position, len(self.dataset))
        index = place
        if self.shuffle:
            index = _order(len(self.dataset), self.seed, turn)[place]
        with random_state_of(self.seed, position):
            return self.dataset[int(index)]


@contextmanager
def random_state_of(*words: int) -> Iterator[None]:
    """Random states of Python, NumPy and PyTorch that follow from numbers.

    The states of before are restored at the end.

    Args:
        *words: Numbers >= 0.
    """
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    seeds = np.random.SeedSequence(words).generate_state(3)
    random.seed(int(seeds[0]))
    np.random.seed(seeds[1])
    # Not torch.manual_seed, which seeds the GPUs as well.
    torch.default_generator.manual_seed(int(seeds[2]))
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])


@lru_cache(maxsize=4)
def _order(size: int, seed: int, turn: int) -> np.ndarray:
    return np.random.default_rng([seed, turn]).permutation(size)
