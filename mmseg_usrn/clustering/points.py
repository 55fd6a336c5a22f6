"""Points of a clustering, read in chunks as centred float32 rows."""

from collections.abc import Iterator

import torch
from torch import Tensor

from .ranks import Ranks

# Normalised rows are kept in memory while they have at most this many
# numbers (256 MiB), and are made anew in every pass otherwise.
CACHED_NUMBERS = 2**26


class Points:
    """This rank's shard of the points.

    Rows are handed out in float32, shifted by the mean of all points and
    divided by their largest deviation. Products of such rows neither
    overflow nor lose digits to a common offset.

    Args:
        features: (P, C) floating point tensor, P may be 0 on a rank.
        ranks: The ranks over which the points are spread.
        chunk_rows: Rows converted at a time.
    """

    def __init__(
        self, features: Tensor, ranks: Ranks, chunk_rows: int
    ) -> None:
        self.features = features
        self.ranks = ranks
        self.chunk_rows = chunk_rows
        self.counts = ranks.counts(len(features), features.device)
        self.total = sum(self.counts)
        self.offset = sum(self.counts[: ranks.rank])
        self.dtype = (
            torch.float64 if features.dtype == torch.float64 else torch.float32
        )
        self.mean, deviation = self._mean_and_deviation()
        # Points that only differ by the rounding of their mean are equal.
        digits = torch.finfo(self.dtype)
        rounding = 4 * digits.eps * self.mean.abs() + digits.tiny
        self.equal = bool((deviation <= rounding).all())
        self.scale = 1.0 if self.equal else deviation.max().item()
        small = features.numel() <= CACHED_NUMBERS
        self.cache = self.normalise(features) if small else None
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

    def take(self, index: Tensor) -> Tensor:
        """Normalised rows at (M,) local indices, (M, C) float32."""
        if self.cache is None:
            return self.normalise(self.features[index])
        return self.cache[index]

    def normalise(self, rows: Tensor) -> Tensor:
        """Map (..., C) feature rows to normalised float32 rows."""
        rows = rows - self.mean.to(self.dtype)  # promotes shorter dtypes
        return rows.mul_(0.0 if self.equal else 1 / self.scale).float()

    def denormalise(self, rows: Tensor) -> Tensor:
        """Map normalised (..., C) rows back to float32 features."""
        return (rows.double() * self.scale + self.mean).float()

    def sample(self, number: int, seed: int) -> Tensor:
        """Local indices of a random sample of all points.

        The sample depends on the seed and on the order of all points, not
        on how the points are spread over the ranks.

        Returns:
            (M,) int64 ascending local indices; M sums to ``number`` over
            the ranks (all points if there are fewer).
        """
        device = self.features.device
        if number >= self.total:
            return torch.arange(len(self), device=device)
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(self.total, generator=generator)[:number]
        chosen = chosen.sort().values - self.offset
        mine = (chosen >= 0) & (chosen < len(self))
        return chosen[mine].to(device)

    def all_rows(self) -> Tensor:
        """Normalised rows of all ranks in rank order, for few points."""
        mine = torch.arange(len(self), device=self.features.device)
        return self.ranks.gather_rows(self.take(mine))[0]

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
    count, names = 0, []
    for start in range(0, len(features), chunk_rows):
        rows = features[start : start + chunk_rows]
        if rows.numel() and all(end.isfinite() for end in rows.aminmax()):
            continue
        bad = (~torch.isfinite(rows).all(1)).nonzero()[:, 0]
        count += len(bad)
        room = 5 - len(names)
        names += (bad[:room] + start).tolist()
    return count, names
