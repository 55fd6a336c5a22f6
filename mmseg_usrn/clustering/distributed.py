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

from .prices import typical
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

    def gather(self, rows: Tensor) -> tuple[Tensor, slice]:
        """Concatenate the rows of all ranks.

        Args:
            rows: (M_rank, ...) rows of this rank, M_rank may be 0.

        Returns:
            The rows of all ranks in rank order, equal on every rank, and
            where the rows of this rank lie among them.
        """
        counts = self.counts(len(rows), rows.device)
        start = sum(counts[: self.rank])
        mine = slice(start, start + len(rows))
        if self.size == 1:
            return rows, mine
        # A sum with zeros is exact and knows no unequal numbers of rows.
        gathered = rows.new_zeros(sum(counts), *rows.shape[1:])
        gathered[mine] = rows
        return self.sum(gathered)[0], mine


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
    """

    def __init__(
        self, features: Tensor, ranks: Ranks, settings: Settings
    ) -> None:
        self.features = features
        self.ranks = ranks
        self.chunk_rows = settings.chunk_rows
        counts = ranks.counts(len(features), features.device)
        self.total = sum(counts)
        self.offset = sum(counts[: ranks.rank])
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
            norms = torch.linalg.vector_norm(self.sample(4096, 0), dim=1)
            # Squares of outliers must not overflow.
            self.scale *= max(typical(norms, settings), 1e-15)
        small = features.numel() <= settings.cached_numbers
        if small:
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

    def take(self, index: Tensor) -> tuple[Tensor, slice]:
        """Gather chosen points of all ranks.

        Args:
            index: Local indices of this rank's part of them.

        Returns:
            (M, C) normalised float32 rows, equal on every rank, and where
            this rank's part lies among them.
        """
        if self.cache is None:
            rows = self.normalise(self.features[index])
        else:
            rows = self.cache[index]
        return self.ranks.gather(rows)

    def normalise(self, rows: Tensor) -> Tensor:
        """Map (..., C) feature rows to normalised float32 rows."""
        rows = rows - self.mean.to(self.dtype)  # promotes shorter dtypes
        return rows.mul_(0.0 if self.equal else 1 / self.scale).float()

    def denormalise(self, rows: Tensor) -> Tensor:
        """Map normalised (..., C) rows back to float32 features."""
        return (rows.double() * self.scale + self.mean).float()

    def sample(self, number: int, seed: int) -> Tensor:
        """Random sample of all points, equal on every rank.

        It depends on the seed and on the order of all points, not on how
        they are spread over the ranks.

        Returns:
            (M, C) normalised float32 rows in the order of the points; M is
            ``number``, or that of all points if there are fewer.
        """
        device = self.features.device
        if number >= self.total:
            return self.take(torch.arange(len(self), device=device))[0]
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(self.total, generator=generator)[:number]
        chosen = chosen.sort().values - self.offset
        mine = (chosen >= 0) & (chosen < len(self))
        return self.take(chosen[mine].to(device))[0]

    def _mean_and_deviation(self) -> tuple[Tensor, Tensor]:
        """Mean and largest deviation of all points, both (C,) float64."""
        channels, ranks = self.features.shape[1], self.ranks
        total = self.features.new_zeros(channels, dtype=torch.float64)
        for rows in self.features.split(self.chunk_rows):
            total += rows.to(self.dtype).sum(0).double()
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
