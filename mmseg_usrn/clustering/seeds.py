"""First centres: k-means++ over the ranks."""

import torch
from torch import Tensor

from .ranks import Ranks


def kmeans_plus_plus(
    rows: Tensor, n_clusters: int, seed: int, ranks: Ranks
) -> Tensor:
    """Choose rows that lie far from each other.

    Arthur and Vassilvitskii, *k-means++: the advantages of careful
    seeding*, SODA 2007; one candidate a step.

    Args:
        rows: (M, C) float32 rows of this rank, M may be 0.
        n_clusters: How many rows to choose.
        seed: Seed of the draws, the same on every rank.
        ranks: The ranks over which the rows are spread.

    Returns:
        (n_clusters, C) float32 chosen rows, equal on every rank.
    """
    generator = torch.Generator().manual_seed(seed)
    draws = torch.rand(n_clusters, dtype=torch.float64, generator=generator)
    squares = (rows * rows).sum(1)
    weights = torch.ones(len(rows), dtype=torch.float64, device=rows.device)
    nearest = torch.full_like(weights, torch.inf)
    centers = []
    for draw in draws.tolist():
        center = _draw_row(rows, weights, draw, ranks)
        centers.append(center)
        distance = squares - 2 * (rows @ center) + center @ center
        nearest = torch.minimum(nearest, distance.double().clamp_min_(0))
        weights = nearest
    return torch.stack(centers)


def _draw_row(
    rows: Tensor, weights: Tensor, draw: float, ranks: Ranks
) -> Tensor:
    """Row at the share ``draw`` of the weights of all ranks."""
    totals = weights.new_zeros(ranks.size)
    totals[ranks.rank] = weights.sum()
    (totals,) = ranks.sum(totals)
    if totals.sum() == 0:  # all rows are chosen already: any row will do
        weights = torch.ones_like(weights)
        totals = weights.new_tensor(ranks.counts(len(rows), rows.device))
    ends = totals.cumsum(0)
    target = draw * ends[-1]
    owner = int((ends <= target).sum().clamp_max(ranks.size - 1))
    row = rows.new_zeros(rows.shape[1], dtype=torch.float64)
    if owner == ranks.rank:
        start = ends[owner] - totals[owner]
        place = torch.searchsorted(weights.cumsum(0), target - start)
        row = rows[place.clamp_max(len(rows) - 1)].double()
    return ranks.sum(row)[0].float()
