"""Sums over the ranks that share one clustering.

Every rank holds a shard of the points; what travels is sums of ``K``,
``K x C`` or ``K x K`` numbers and, at the end, the costs of the few points
that lie on a boundary. Without an initialised process group all functions
here return what they were given.
"""

from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Thread
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
        self.shows_progress = self.rank == 0

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
        start = sum(counts[: self.rank])
        mine = slice(start, start + len(rows))
        shape = (sum(counts), *rows.shape[1:])
        gathered = rows.new_zeros(shape, dtype=torch.float64)
        gathered[mine] = rows
        return self.sum(gathered)[0].to(rows.dtype), mine

    def run_together(self, jobs: Sequence[Callable[['Ranks'], None]]) -> None:
        """Run jobs side by side and send their sums together.

        The first sums of all jobs travel in one collective call, then the
        second ones, and so on. Results do not depend on it.

        Args:
            jobs: Called with the ranks over which to sum; on every rank the
                same jobs in the same order.

        Raises:
            Exception: The first one that a job raises; the other jobs end.
        """
        if self.size == 1:
            for job in jobs:
                job(self)
            return
        lanes: list[_Lane] = []
        try:
            for job in jobs:
                lanes.append(_Lane(self, job))
            while running := [x for x in lanes if x.asked is not None]:
                asked = [tensor for lane in running for tensor in lane.asked]
                sums = iter(self.sum(*asked))
                for lane in running:
                    lane.resume([next(sums) for _ in lane.asked])
        finally:
            for lane in lanes:
                lane.end()


class _Lane(Ranks):
    """One of several jobs, in a thread that stops at every sum.

    Only one thread runs at a time: the one that was resumed last, until it
    asks for a sum or ends.

    Attributes:
        asked: The tensors to sum, None once the job has ended.
    """

    def __init__(self, ranks: Ranks, job: Callable[[Ranks], None]) -> None:
        self.group, self.size, self.rank = ranks.group, ranks.size, ranks.rank
        self.shows_progress = False  # the bars would overwrite each other
        self.asked: tuple[Tensor, ...] | None = None
        self._stream = None
        if torch.cuda.is_initialized():  # a thread has a stream of its own
            self._stream = torch.cuda.current_stream()
        self._error: BaseException | None = None
        self._sums: SimpleQueue[list[Tensor] | None] = SimpleQueue()
        self._stops: SimpleQueue[None] = SimpleQueue()
        self._thread = Thread(target=self._run, args=(job,), daemon=True)
        self._thread.start()
        self._wait()

    def sum(self, *tensors: Tensor) -> list[Tensor]:
        """Called by the job: stop here, go on with the sums."""
        self.asked = tensors
        self._stops.put(None)
        sums = self._sums.get()
        if sums is None:
            raise _EndError
        return sums

    def resume(self, sums: list[Tensor]) -> None:
        """Hand over the sums and wait for the next stop."""
        self.asked = None
        self._sums.put(sums)
        self._wait()

    def end(self) -> None:
        """End the thread at its next sum, if the job has not ended."""
        self._sums.put(None)
        self._thread.join()

    def _wait(self) -> None:
        self._stops.get()
        if self._error is not None:
            raise self._error

    def _run(self, job: Callable[[Ranks], None]) -> None:
        try:
            with torch.cuda.stream(self._stream):
                job(self)
        except BaseException as error:
            self._error = error
        self._stops.put(None)


class _EndError(Exception):
    """Ends a job whose sums will not come."""
