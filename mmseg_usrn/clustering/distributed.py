"""The points of one clustering, spread over the ranks of a process group.

Every rank holds a shard of the points. What travels is sums over clusters,
one small sample and, at the end, the points near a boundary: whoever has
those computes the same on every rank, so that no rank waits for another one
in between. Without an initialised process group nothing travels.

Shapes: ``P`` points of this rank, ``M`` chosen points, ``C`` channels.
"""

from collections.abc import Iterator
from typing import Optional

import torch
import torch.distributed as dist
from torch import Tensor

from .prices import SUM_ROWS, typical
from .settings import Settings


class Ranks:
    """The ranks of one clustering.

    Args:
        group: Process group, None for the default group. Ignored while
            ``torch.distributed`` is not initialised.
        alone: Whether this rank works by itself all the same.
    """

    def __init__(
        self, group: Optional['dist.ProcessGroup'] = None, alone: bool = False
    ) -> None:
        active = dist.is_available() and dist.is_initialized() and not alone
        self.group = group
        self.size = dist.get_world_size(group) if active else 1
        self.rank = dist.get_rank(group) if active else 0

    def sum(self, *tensors: Tensor) -> list[Tensor]:
        """Sum tensors of one dtype over the ranks in one collective call."""
        if self.size == 1:
            return list(tensors)
        flat = torch.cat([t.reshape(-1) for t in tensors])
        dist.all_reduce(flat, group=self.group)
        parts = flat.split([t.numel() for t in tensors])
        return [p.view_as(t) for p, t in zip(parts, tensors, strict=True)]

    def counts(self, number: int, device: torch.device) -> list[int]:
        """How many points each rank has, in rank order."""
        mine = torch.zeros(self.size, dtype=torch.int64, device=device)
        mine[self.rank] = number
        return self.sum(mine)[0].tolist()

    def gather(self, rows: Tensor) -> Tensor:
        """Concatenate (M_rank, ...) rows of all ranks in rank order."""
        if self.size == 1:
            return rows
        counts = self.counts(len(rows), rows.device)
        start = sum(counts[: self.rank])
        # A sum with zeros is exact and knows no unequal numbers of rows.
        gathered = rows.new_zeros(sum(counts), *rows.shape[1:])
        gathered[start : start + len(rows)] = rows
        return self.sum(gathered)[0]


ALONE = Ranks(alone=True)


class Points:
    """This rank's shard of the points, read as normalised float32 rows.

    Rows are shifted by the mean of all points and divided by their typical
    distance from it. Products of such rows neither overflow nor lose digits
    to a common offset.

    Args:
        features: (P, C) floating point tensor, P may be 0 on a rank.
        ranks: The ranks over which the points are spread.
        settings: How many rows to convert at a time and to keep.
        ids: (P,) int64 numbers that no two points of all ranks share;
            default to their places among the points of all ranks.
        seed: Seed of the sample.
    """

    def __init__(
        self,
        features: Tensor,
        ranks: Ranks,
        settings: Settings,
        ids: Tensor | None = None,
        seed: int = 0,
    ) -> None:
        self.features = features
        self.ranks = ranks
        self.chunk_rows = settings.chunk_rows
        counts = ranks.counts(len(features), features.device)
        self.total = sum(counts)
        if ids is None:
            places = torch.arange(len(features), device=features.device)
            ids = places + sum(counts[: ranks.rank])
        self.ids, self.keys = ids, shuffled(ids, seed)
        self.dtype = (
            torch.float64 if features.dtype == torch.float64 else torch.float32
        )
        self.cache: Tensor | None = None
        self.mean, deviation = self._mean_and_deviation()
        # Points that only differ by the rounding of their mean are equal.
        digits = torch.finfo(self.dtype)
        rounding = 4 * digits.eps * self.mean.abs() + digits.tiny
        self.equal = bool((deviation <= rounding).all())
        self.scale = 1.0 if self.equal else deviation.max().item()
        if not self.equal:
            norms = torch.linalg.vector_norm(self.sample(4096), dim=1)
            # Squares of outliers must not overflow.
            self.scale *= max(typical(norms, settings), 1e-15)
        if features.numel() <= settings.cached_numbers:
            self.cache = self.normalise(features)
        self.squares = self._squares()

    def __len__(self) -> int:
        return len(self.features)

    def chunks(self) -> Iterator[tuple[slice, Tensor]]:
        """Yield (where, (rows, C) float32 normalised rows)."""
        for start in range(0, len(self), self.chunk_rows):
            where = slice(start, min(start + self.chunk_rows, len(self)))
            if self.cache is None:
                yield where, self.normalise(self.features[where])
            else:
                yield where, self.cache[where]

    def collect(
        self, chosen: Tensor, keys: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Gather chosen points of all ranks.

        Args:
            chosen: (M_rank,) local indices of this rank's part of them.
            keys: (P,) int64 numbers by which they are ordered.

        Returns:
            (M, C) normalised float32 rows in that order, equal on every
            rank; (M_rank,) which of the points of this rank are among them,
            and (M_rank,) where.
        """
        chosen = chosen[keys[chosen].argsort()]
        if self.cache is None:
            rows = self.normalise(self.features[chosen])
        else:
            rows = self.cache[chosen]
        if self.ranks.size == 1:
            return rows, chosen, torch.arange(len(chosen), device=rows.device)
        ordered, order = self.ranks.gather(keys[chosen]).sort()
        places = torch.searchsorted(ordered, keys[chosen])
        return self.ranks.gather(rows)[order], chosen, places

    def normalise(self, rows: Tensor) -> Tensor:
        """Map (..., C) feature rows to normalised float32 rows."""
        rows = rows - self.mean.to(self.dtype)  # promotes shorter dtypes
        return rows.mul_(0.0 if self.equal else 1 / self.scale).float()

    def denormalise(self, rows: Tensor) -> Tensor:
        """Map normalised (..., C) rows back to float32 features."""
        return (rows.double() * self.scale + self.mean).float()

    def sample(self, number: int, longest: float = torch.inf) -> Tensor:
        """Random sample of all points, equal on every rank.

        It depends on the seed and on the ids of the points, not on their
        order, nor on how they are spread over the ranks.

        Args:
            number: How many points, at most all.
            longest: Longer rows are shortened to this norm.

        Returns:
            (M, C) normalised float32 rows in random order.
        """
        most = min(number, len(self))
        chosen = self.keys.topk(most, largest=False).indices
        if number < self.total:
            lowest = self.ranks.gather(self.keys[chosen]).sort().values
            chosen = chosen[self.keys[chosen] <= lowest[number - 1]]
        rows = self.collect(chosen, self.keys)[0]
        if longest == torch.inf:
            return rows
        norms = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
        return rows * (longest / norms).clamp_max_(1)

    def _mean_and_deviation(self) -> tuple[Tensor, Tensor]:
        """Mean and largest deviation of all points, both (C,) float64."""
        channels, ranks = self.features.shape[1], self.ranks
        total = self.features.new_zeros(channels, dtype=torch.float64)
        for rows in self.features.split(SUM_ROWS):
            total += rows.sum(0, dtype=torch.float64)
        mean = ranks.sum(total)[0] / self.total
        largest = total.new_zeros(ranks.size, channels)
        for rows in self.features.split(self.chunk_rows):
            if rows.numel():
                ends = torch.stack([rows.amax(0), rows.amin(0)])
                apart = (ends - mean.to(self.dtype)).abs().amax(0)
                here = torch.maximum(largest[ranks.rank], apart)
                largest[ranks.rank] = here
        return mean, ranks.sum(largest)[0].amax(0)

    def _squares(self) -> float:
        """Sum of the squared norms of all normalised rows."""
        total = self.features.new_zeros(1, dtype=torch.float64)
        for _, rows in self.chunks():
            total += rows.square().sum(1).double().sum()
        return self.ranks.sum(total)[0].item()


def shuffled(ids: Tensor, seed: int) -> Tensor:
    """Random int64 keys (P,) that are different for different ids.

    Steele, Lea and Flood, *Fast splittable pseudorandom number generators*,
    OOPSLA 2014: the finaliser of SplitMix64, each step of which is
    invertible.
    """
    keys = ids + (seed * 0x9E3779B97F4A7C15 % 2**64 - 2**63)
    for shift, factor in (
        (30, -0x40A7B892E31B1A47),
        (27, -0x6B2FB644ECCEEE15),
        (31, 1),
    ):
        keys = (keys ^ ((keys >> shift) & (2 ** (64 - shift) - 1))) * factor
    return keys


def first_bad_rows(features: Tensor, chunk_rows: int) -> tuple[int, list[int]]:
    """Count the rows with NaN or inf and name the first five."""
    count = 0
    names: list[int] = []
    for start in range(0, len(features), chunk_rows):
        rows = features[start : start + chunk_rows]
        if rows.numel() and all(end.isfinite() for end in rows.aminmax()):
            continue
        bad = (~torch.isfinite(rows).all(1)).nonzero()[:, 0]
        count += len(bad)
        room = 5 - len(names)
        names += (bad[:room] + start).tolist()
    return count, names
