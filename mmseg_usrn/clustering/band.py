"""The points near a boundary, which alone may change their cluster.

Shapes: ``P`` points of this rank, ``M`` points of the band on all ranks,
``C`` channels, ``K`` clusters.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .distributed import ALONE, Points, Ranks
from .prices import Model, priced_costs, squared_costs


class Nearest(NamedTuple):
    """What the prices say of points.

    Attributes:
        labels: (P,) int64, cluster with the lowest priced cost.
        rivals: (P,) int64, the second best.
        margins: (P,) float32, how much worse it is.
    """

    labels: Tensor
    rivals: Tensor
    margins: Tensor


class Band(NamedTuple):
    """Points near a boundary, equal on all ranks.

    Attributes:
        own: (M_rank,) this rank's part of them, local indices.
        mine: (M_rank,) where that part lies in the following.
        rows: (M, C) float32.
        costs: (M, K) float32, squared distances up to a constant.
        fixed: (K,) float64, sizes without the band.
    """

    own: Tensor
    mine: Tensor
    rows: Tensor
    costs: Tensor
    fixed: Tensor


def assign_with_margins(
    points: Points, model: Model
) -> tuple[Nearest, Tensor, float]:
    """One pass: labels and margins, sizes (K,) and inertia of all points."""
    device = model.prices.device
    labels = torch.empty(len(points), dtype=torch.int64, device=device)
    margins = torch.empty(len(points), dtype=torch.float32, device=device)
    nearest = Nearest(labels, torch.empty_like(labels), margins)
    total = torch.zeros_like(model.prices[:1])
    for where, rows in points.chunks():
        costs = priced_costs(rows, model)
        total += costs.amin(1).double().sum()
        for whole, part in zip(nearest, nearest_two(costs), strict=True):
            whole[where] = part
    sizes = count(labels, len(model.prices))
    sizes, total = points.ranks.sum(sizes, total)
    inertia = (total - sizes @ model.prices).item() + points.squares
    return nearest, sizes, max(0.0, inertia)


def make_band(
    points: Points, model: Model, nearest: Nearest, sizes: Tensor, wished: int
) -> Band:
    """The points with the smallest margins, about ``wished`` of all."""
    num_clusters = len(model.prices)
    inside = near_boundary(
        nearest, wished, num_clusters, points.ranks, points.total
    )
    index = inside.nonzero()[:, 0]
    rows, index, mine = points.collect(index, points.ids)
    costs = torch.cat(
        [
            squared_costs(part, model.centers)
            for part in rows.split(points.chunk_rows)
        ]
    )
    (inside,) = points.ranks.sum(count(nearest.labels[index], num_clusters))
    return Band(index, mine, rows, costs, sizes - inside)


def near_boundary(
    nearest: Nearest, wished: int, num_clusters: int, ranks: Ranks, total: int
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
    most = max(1, wished // (2 * num_clusters))
    for clusters in (nearest.labels, nearest.rivals):
        limits = _kth_margins(
            clusters, nearest.margins, most, num_clusters, ranks
        )
        chosen |= nearest.margins <= limits[clusters]
    return chosen


def _kth_margins(
    clusters: Tensor,
    margins: Tensor,
    most: int,
    num_clusters: int,
    ranks: Ranks,
) -> Tensor:
    """Margin (K,) below which a cluster has ``most`` points of all ranks."""
    order = margins.argsort()
    order = order[clusters[order].argsort(stable=True)]
    sizes = torch.bincount(clusters, minlength=num_clusters)
    places = torch.arange(len(order), device=order.device)
    places -= (sizes.cumsum(0) - sizes)[clusters[order]]
    inside = order[places < most]
    clusters, margins = clusters[inside], margins[inside]
    if ranks.size > 1:
        clusters, margins = ranks.gather(clusters), ranks.gather(margins)
        return _kth_margins(clusters, margins, most, num_clusters, ALONE)
    limits = margins.new_full((num_clusters,), -torch.inf)
    return limits.scatter_reduce_(0, clusters, margins, 'amax')


def _band_width(
    margins: Tensor, wished: int, ranks: Ranks, total: int
) -> float:
    """Margin below which about ``wished`` of all points lie."""
    if wished >= total:
        return torch.inf
    ranked = margins.double().sort().values
    largest = ranked.new_zeros(ranks.size)
    if len(ranked):
        largest[ranks.rank] = ranked[-1]
    low, high = 0.0, ranks.sum(largest)[0].max().item()
    for _ in range(4):
        edges = torch.linspace(low, high, 65, dtype=torch.float64)
        edges = edges.to(margins.device)
        below = torch.searchsorted(ranked, edges, right=True)
        (below,) = ranks.sum(below.double())
        place = int((below < wished).sum().clamp(1, 64))
        low, high = edges[place - 1].item(), edges[place].item()
    return high


def nearest_two(priced: Tensor) -> Nearest:
    """Best and second best of (M, K) costs, which are overwritten."""
    lowest, labels = priced.min(1)
    priced.scatter_(1, labels[:, None], torch.inf)
    second, rivals = priced.min(1)
    return Nearest(labels, rivals, second - lowest)


def count(labels: Tensor, num_clusters: int) -> Tensor:
    """Points of each cluster, (K,) float64."""
    return torch.bincount(labels, minlength=num_clusters).double()
