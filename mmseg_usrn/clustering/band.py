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


class Pass(NamedTuple):
    """One look at all points of this rank."""

    labels: Tensor  # (P,) int64
    margins: Tensor  # (P,) float32
    sizes: Tensor  # (K,) float64, over all ranks
    inertia: float  # over all ranks


class Band(NamedTuple):
    """Points near a boundary."""

    index: Tensor  # (M,) int64, which points of this rank
    costs: Tensor  # (M, K) float32, squared distances up to a constant
    fixed: Tensor  # (K,) float64, sizes without the band, over all ranks
    total: int  # points of the band over all ranks


def assign_with_margins(points: Points, model: Model) -> Pass:
    """Cluster and margin of every point, in one pass."""
    num_clusters = len(model.prices)
    device = model.prices.device
    labels = torch.empty(len(points), dtype=torch.int64, device=device)
    margins = torch.empty(len(points), dtype=torch.float32, device=device)
    total = torch.zeros_like(model.prices[:1])
    for where, rows in points.chunks():
        costs = priced_costs(rows, model)
        lowest, label = costs.min(1)
        costs.scatter_(1, label[:, None], torch.inf)
        labels[where] = label
        margins[where] = costs.amin(1) - lowest
        total += lowest.double().sum()
    sizes = count_labels(labels, num_clusters, points.ranks)
    total = points.ranks.sum(total)[0] - sizes @ model.prices
    inertia = max(0.0, total.item() + points.squares)
    return Pass(labels, margins, sizes, inertia)


def make_band(points: Points, model: Model, state: Pass, wished: int) -> Band:
    """The points with the smallest margins, about ``wished`` of all."""
    ranks, num_clusters = points.ranks, len(model.prices)
    width = band_width(state.margins, wished, ranks, points.total)
    index = (state.margins <= width).nonzero()[:, 0]
    costs = model.centers.new_empty(len(index), num_clusters)
    for start in range(0, len(index), points.chunk_rows):
        where = slice(start, start + points.chunk_rows)
        rows = points.take(index[where])
        costs[where] = squared_costs(rows, model.centers)
    inside = count_labels(state.labels[index], num_clusters, ranks)
    total = round(inside.sum().item())
    return Band(index, costs, state.sizes - inside, total)


def labels_and_margins(costs: Tensor, prices: Tensor) -> tuple[Tensor, Tensor]:
    """Clusters (M,) int64 and margins (M,) at (K,) float64 prices."""
    priced = costs + prices.float()
    lowest, labels = priced.min(1)
    priced.scatter_(1, labels[:, None], torch.inf)
    return labels, priced.amin(1) - lowest


def count_labels(labels: Tensor, num_clusters: int, ranks: Ranks) -> Tensor:
    """Points per cluster over all ranks, (K,) float64."""
    counts = torch.bincount(labels, minlength=num_clusters)
    return ranks.sum(counts.double())[0]


def band_width(
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
