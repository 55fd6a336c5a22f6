"""Sums over the ranks that share one clustering.

Every rank holds a shard of the points; what travels is sums of ``K``,
``K x C`` or ``K x K`` numbers and, once at the end, the rows of the points
that lie on a boundary. Without an initialised process group all functions
here return what they were given.
"""

from typing import Optional

import torch
import torch.distributed as dist
from torch import Tensor


class Ranks:
    """The ranks of one clustering.

    Args:
        group: Process group, None for the default group. Ignored while
            ``torch.distributed`` is not initialised.
    """

    def __init__(self, group: Optional['dist.ProcessGroup'] = None) -> None:
        active = dist.is_available() and dist.is_initialized()
        self.group = group
        self.size = dist.get_world_size(group) if active else 1
        self.rank = dist.get_rank(group) if active else 0

    @classmethod
    def alone(cls) -> 'Ranks':
        """This rank by itself, whatever group exists."""
        ranks = cls.__new__(cls)
        ranks.group, ranks.size, ranks.rank = None, 1, 0
        return ranks

    def sum(self, *tensors: Tensor) -> list[Tensor]:
        """Sum float64 tensors over the ranks in one collective call."""
        if self.size == 1:
            return list(tensors)
        flat = torch.cat([t.reshape(-1) for t in tensors])
        dist.all_reduce(flat, group=self.group)
        parts = flat.split([t.numel() for t in tensors])
        return [p.view_as(t) for p, t in zip(parts, tensors, strict=True)]

    def counts(self, number: int, device: torch.device) -> list[int]:
        """How many points each rank has, in rank order."""
        mine = torch.zeros(self.size, dtype=torch.float64, device=device)
        mine[self.rank] = number
        (counts,) = self.sum(mine)
        return [round(c) for c in counts.tolist()]

    def gather_rows(self, rows: Tensor) -> tuple[Tensor, slice]:
        """Concatenate the rows of all ranks.

        Args:
            rows: (M_rank, ...) rows of this rank, M_rank may be 0.

        Returns:
            The rows of all ranks in rank order, equal on every rank, and
            where the rows of this rank lie among them.
        """
        counts = self.counts(len(rows), rows.device)
        if self.size == 1:
            return rows, slice(0, len(rows))
        padded = rows.new_zeros((max(counts), *rows.shape[1:]))
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in counts]
        dist.all_gather(parts, padded, group=self.group)
        start = sum(counts[: self.rank])
        pairs = zip(parts, counts, strict=True)
        gathered = torch.cat([part[:count] for part, count in pairs])
        return gathered, slice(start, start + len(rows))
