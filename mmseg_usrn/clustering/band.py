"""Points near a boundary between clusters.

A point's *margin* is the difference between its two lowest
``cost + price``. While no two prices move against each other by more than
``d``, no point with a margin above ``d`` changes its cluster.

Shapes: ``P`` points of this rank, ``M`` points of a band, ``K`` clusters.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .lloyd import Model, priced_costs, squared_costs
from .points import Points
from .ranks import Ranks


class Nearest(NamedTuple):
    """What the prices say of points."""

    labels: Tensor  # (P,) int64, cluster with the lowest cost plus price
    rivals: Tensor  # (P,) int64, the second best
    margins: Tensor  # (P,) float32, how much worse it is


class Pass(NamedTuple):
    """One look at all points of this rank."""

    nearest: Nearest
    sizes: Tensor  # (K,) float64, over all ranks
    inertia: float  # over all ranks


class Band(NamedTuple):
    """Points near a boundary."""

    index: Tensor  # (M,) int64, which points of this rank
    costs: Tensor  # (M, K) float32, squared distances up to a constant
    fixed: Tensor  # (K,) float64, sizes without the band, over all ranks
    total: int  # points of the band over all ranks


def assign_with_margins(points: Points, model: Model) -> Pass:
    """Clusters and margins of all points, in one pass."""
    num_clusters = len(model.prices)
    device = model.prices.device
    labels = torch.empty(len(points), dtype=torch.int64, device=device)
    found = Nearest(
        labels,
        torch.empty_like(labels),
        torch.empty(len(points), dtype=torch.float32, device=device),
    )
    total = torch.zeros_like(model.prices[:1])
    for where, rows in points.chunks():
        costs = priced_costs(rows, model)
        total += costs.amin(1).double().sum()
        for whole, part in zip(found, _nearest_two(costs), strict=True):
            whole[where] = part
    sizes = count_labels(labels, num_clusters, points.ranks)
    total = points.ranks.sum(total)[0] - sizes @ model.prices
    inertia = max(0.0, total.item() + points.squares)
    return Pass(found, sizes, inertia)


def make_band(points: Points, model: Model, state: Pass, wished: int) -> Band:
    """The points with the smallest margins, about ``wished`` of all."""
    ranks, num_clusters = points.ranks, len(model.prices)
    inside = near_boundary(
        state.nearest, wished, num_clusters, ranks, points.total
    )
    index = inside.nonzero()[:, 0]
    costs = model.centers.new_empty(len(index), num_clusters)
    for start in range(0, len(index), points.chunk_rows):
        where = slice(start, start + points.chunk_rows)
        rows = points.take(index[where])
        costs[where] = squared_costs(rows, model.centers)
    counts = count_labels(state.nearest.labels[index], num_clusters, ranks)
    total = round(counts.sum().item())
    return Band(index, costs, state.sizes - counts, total)


def look_at_band(band: Band, prices: Tensor) -> Nearest:
    """Clusters and margins of a band's points at (K,) float64 prices."""
    return _nearest_two(band.costs + prices.float())


def near_boundary(
    nearest: Nearest,
    wished: int,
    num_clusters: int,
    ranks: Ranks,
    total: int,
) -> Tensor:
    """Choose the points that may change their cluster.

    Those with the smallest margins of all, and besides, of every cluster,
    those closest to leaving and to joining it: a cluster that lies apart has
    no small margins, but may have a point too many.

    Args:
        nearest: What the prices say of the points.
        wished: How many to choose, over all ranks; up to twice as many are.
        num_clusters: Number of clusters.
        ranks: The ranks over which the points are spread.
        total: Number of points over all ranks.

    Returns:
        (P,) bool.
    """
    width = _band_width(nearest.margins, wished, ranks, total)
    chosen = nearest.margins <= width
    order = nearest.margins.argsort()
    most = max(1, wished // (2 * num_clusters * ranks.size))
    for cluster in (nearest.labels, nearest.rivals):
        ranked = order[cluster[order].argsort(stable=True)]
        sizes = torch.bincount(cluster, minlength=num_clusters)
        places = torch.arange(len(ranked), device=ranked.device)
        places -= (sizes.cumsum(0) - sizes)[cluster[ranked]]
        chosen[ranked[places < most]] = True
    return chosen


def _nearest_two(priced: Tensor) -> Nearest:
    """Best and second best of (M, K) costs, which are overwritten."""
    lowest, labels = priced.min(1)
    priced.scatter_(1, labels[:, None], torch.inf)
    second, rivals = priced.min(1)
    return Nearest(labels, rivals, second - lowest)


def count_labels(labels: Tensor, num_clusters: int, ranks: Ranks) -> Tensor:
    """Points per cluster over all ranks, (K,) float64."""
    counts = torch.bincount(labels, minlength=num_clusters)
    return ranks.sum(counts.double())[0]


def _band_width(
    margins: Tensor, wished: int, ranks: Ranks, total: int
) -> float:
    """Margin below which about ``wished`` of all points lie."""
    if wished >= total:
        return torch.inf
    ranked = margins.double().sort().values
    low, high = 0.0, _largest(ranked, ranks)
    for _ in range(4):
        edges = torch.linspace(low, high, 65, dtype=torch.float64)
        edges = edges.to(margins.device)
        below = torch.searchsorted(ranked, edges, right=True)
        (below,) = ranks.sum(below.double())
        place = int((below < wished).sum().clamp(1, 64))
        low, high = edges[place - 1].item(), edges[place].item()
    return high


def _largest(values: Tensor, ranks: Ranks) -> float:
    largest = values.new_zeros(ranks.size, dtype=torch.float64)
    if len(values):
        largest[ranks.rank] = values.max().double()
    return ranks.sum(largest)[0].max().item()
