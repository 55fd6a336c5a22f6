"""From nearly balanced prices to exactly balanced labels, with a proof.

A point's *margin* is the difference between its two lowest priced costs.
While no two prices move against each other by more than ``d``, no point with
a margin above ``d`` changes its cluster. So only a *band*, the points with
small margins, is solved exactly. Whether the prices that solve it suit all
other points too is not assumed but proved: a last pass adds up how much
cheaper any point would be elsewhere. If that is more than rounding, a band
around the new prices follows, and a wider one if that does not help.

Shapes: ``P`` points of this rank, ``M`` points of the band on all ranks,
``K`` clusters.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .distributed import ALONE, Points, Ranks
from .prices import (
    Model,
    SmoothDual,
    mean_margin,
    priced_costs,
    squared_costs,
)
from .settings import Settings
from .transport import Transport, assign_exactly

# Error of a float32 cost as a share of the squares that it is made of.
ROUNDING = 16 * torch.finfo(torch.float32).eps


class Balanced(NamedTuple):
    """Exactly balanced labels.

    Attributes:
        labels: (P,) int64.
        prices: (K,) float64.
        inertia: Sum of squared distances over all ranks.
        gap: Upper bound of how far ``inertia`` lies above the best balanced
            assignment to the same centres, as a share of ``inertia``.
    """

    labels: Tensor
    prices: Tensor
    inertia: float
    gap: float


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
        own: This rank's part of them, local indices.
        mine: Where that part lies in the following.
        rows: (M, C) float32.
        costs: (M, K) float32, squared distances up to a constant.
        fixed: (K,) float64, sizes without the band.
    """

    own: Tensor
    mine: slice
    rows: Tensor
    costs: Tensor
    fixed: Tensor


def balance_exactly(
    points: Points, model: Model, settings: Settings
) -> Balanced:
    """Assign all points to fixed centres with sizes that differ by one.

    On the band the prices are solved once more, as it decides the sizes. On
    its narrow inner part the last few misplaced points are moved one by one.

    Args:
        points: All points.
        model: Centres and prices; the better the prices, the fewer passes.
        settings: Widths of both parts, and when the proof holds.
    """
    num_clusters = len(model.prices)
    least_wide = settings.wide_costs // num_clusters
    wide = max(int(points.total * settings.wide_share), least_wide)
    last = torch.inf
    while True:
        nearest, sizes, inertia = assign_with_margins(points, model)
        band = make_band(points, model, nearest, sizes, wide)
        while (band.fixed > points.total // num_clusters + 1).any():
            wide *= 2
            band = make_band(points, model, nearest, sizes, wide)
        prices = _balance_prices(band, model.prices, points.total, settings)
        model = Model(model.centers, prices - prices.mean())
        solved = _settle(band, model, points.total, inertia, settings)
        gap = torch.inf
        if solved is not None:
            labels = nearest.labels
            labels[band.own] = solved.labels[band.mine]
            model = Model(model.centers, solved.prices - solved.prices.mean())
            found = certify(points, model, labels)
            gap = found.gap
            if gap <= settings.proved or len(band.rows) == points.total:
                return found
        # A band around the new prices may do; if it does not help, widen it.
        if gap >= 0.1 * last:
            wide *= 2
        last = gap


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
        for whole, part in zip(nearest, _nearest_two(costs), strict=True):
            whole[where] = part
    sizes = _count(labels, len(model.prices))
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
    rows, mine = points.take(index)
    costs = torch.cat(
        [
            squared_costs(part, model.centers)
            for part in rows.split(points.chunk_rows)
        ]
    )
    (inside,) = points.ranks.sum(_count(nearest.labels[index], num_clusters))
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
    order = nearest.margins.argsort()
    most = max(1, wished // (2 * num_clusters * ranks.size))
    for cluster in (nearest.labels, nearest.rivals):
        ranked = order[cluster[order].argsort(stable=True)]
        sizes = torch.bincount(cluster, minlength=num_clusters)
        places = torch.arange(len(ranked), device=ranked.device)
        places -= (sizes.cumsum(0) - sizes)[cluster[ranked]]
        chosen[ranked[places < most]] = True
    return chosen


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


def _nearest_two(priced: Tensor) -> Nearest:
    """Best and second best of (M, K) costs, which are overwritten."""
    lowest, labels = priced.min(1)
    priced.scatter_(1, labels[:, None], torch.inf)
    second, rivals = priced.min(1)
    return Nearest(labels, rivals, second - lowest)


def _count(labels: Tensor, num_clusters: int) -> Tensor:
    """Points of each cluster, (K,) float64."""
    return torch.bincount(labels, minlength=num_clusters).double()


def _balance_prices(
    band: Band, prices: Tensor, total: int, settings: Settings
) -> Tensor:
    """Lower the temperature until few points of a band are misplaced.

    Args:
        band: Points that may change their cluster.
        prices: (K,) float64 prices to start from.
        total: Number of all points.
        settings: The first temperature, and how fast it falls.

    Returns:
        (K,) float64 prices.
    """
    num_clusters = len(prices)
    if num_clusters == 1:
        return prices
    shares = (total / num_clusters - band.fixed).clamp_min(0)
    dual = SmoothDual(band.costs, settings, shares)
    unit = mean_margin(band.costs, prices)
    temperature = settings.round_temperature * unit
    tolerance = 0.3 * num_clusters / len(band.costs)
    damping, best = settings.first_damping, prices
    errors = [_misplaced(dual, prices)]
    while (
        errors[-1] > num_clusters / 2 and temperature > 0.1 * settings.coldest
    ):
        state = dual.solve(prices, temperature, tolerance, damping, 6)
        prices, damping = state.prices, state.damping
        errors.append(_misplaced(dual, prices))
        if errors[-1] == min(errors):
            best = prices
        if len(errors) > 4 and min(errors[-3:]) > min(errors):
            break
        temperature *= settings.round_cooling
    return best


def _misplaced(dual: SmoothDual, prices: Tensor) -> float:
    """Points above the shares of their clusters at (K,) prices."""
    labels = (dual.costs + prices.float()).argmin(1)
    surplus = _count(labels, len(prices)) - dual.shares
    return surplus.abs().sum().item() / 2


def _settle(
    band: Band, model: Model, total: int, inertia: float, settings: Settings
) -> Transport | None:
    """Exact labels (M,) of a band, and prices that prove them optimal in it.

    None if its points do not suffice for equal sizes.

    Args:
        band: Points that may change their cluster.
        model: Centres and nearly balanced prices.
        total: Number of all points.
        inertia: About the sum of squares of all points.
        settings: How many points to move one by one at first.
    """
    num_clusters = len(model.prices)
    nearest = _nearest_two(band.costs + model.prices.float())
    sizes = band.fixed + _count(nearest.labels, num_clusters)
    narrow = max(
        int(settings.narrow_share * len(band.rows)),
        settings.narrow_rows * num_clusters,
    )
    while True:
        inside = near_boundary(
            nearest, narrow, num_clusters, ALONE, len(band.rows)
        )
        inner, outer = inside.nonzero()[:, 0], ~inside
        outside = sizes - _count(nearest.labels[inner], num_clusters)
        least = total // num_clusters - outside
        solved = None
        if least.min() >= -1:
            solved = _move_surplus(band.rows[inner], model, least, total)
        if solved is not None:
            labels = nearest.labels.index_copy(0, inner, solved.labels)
            slack = _slack(band.costs[outer], solved.prices, labels[outer])
            if slack <= 0.1 * settings.proved * inertia:
                return Transport(labels, solved.prices)
        if narrow >= len(band.rows):
            return None
        narrow *= 4


def _move_surplus(
    rows: Tensor, model: Model, least: Tensor, total: int
) -> Transport | None:
    """Assign rows (M, C) exactly, each cluster ``least`` or one more.

    Thousands of tiny steps: faster on a CPU, wherever the points are.
    """
    solved = assign_exactly(
        _exact_costs(rows, model.centers).cpu(),
        model.prices.cpu(),
        least.long().cpu(),
        total % len(model.prices),
    )
    if solved is None:
        return None
    return Transport(*(part.to(rows.device) for part in solved))


def _exact_costs(rows: Tensor, centers: Tensor) -> Tensor:
    """Squared distances (M, K) less the rows' norms, in float64."""
    centers = centers.double()
    squares = (centers * centers).sum(1)
    return torch.addmm(squares, rows.double(), centers.T, alpha=-2)


def _slack(costs: Tensor, prices: Tensor, labels: Tensor) -> float:
    """How much cheaper points would be elsewhere, summed."""
    priced = costs + prices.float()
    own = priced.gather(1, labels[:, None])[:, 0]
    return (own - priced.amin(1)).double().sum().item()


def certify(points: Points, model: Model, labels: Tensor) -> Balanced:
    """Inertia and duality gap of the labels, summed in float64.

    The gap is a sum of terms none of which is negative: how much cheaper a
    point would be elsewhere at these prices, and how far the extra places
    are from the clusters with the highest prices. So no digits are lost in
    a difference of two large sums.
    """
    centers, prices = model
    inertia, slack = prices.new_zeros(1), prices.new_zeros(1)
    reach = centers.square().sum(1).max() + prices.abs().max()
    for where, rows in points.chunks():
        label = labels[where]
        apart = centers[label].sub_(rows).square_().sum(1)
        inertia += apart.sum(dtype=torch.float64)
        costs = priced_costs(rows, model)
        own = costs.gather(1, label[:, None])[:, 0]
        rival = costs.scatter_(1, label[:, None], torch.inf).amin(1)
        # Of the few that may be cheaper elsewhere, up to the rounding of
        # float32 costs, float64 costs decide.
        rounding = ROUNDING * (rows.square().sum(1) + reach.float())
        doubt = (own > rival - rounding).nonzero()[:, 0]
        exact = _exact_costs(rows[doubt], centers) + prices
        own = exact.gather(1, label[doubt, None])
        slack += (own - exact.amin(1, keepdim=True)).sum()
    sizes = _count(labels, len(prices))
    inertia, slack, sizes = points.ranks.sum(inertia, slack, sizes)
    least, extra = divmod(points.total, len(prices))
    ranked = prices.sort(descending=True).values
    slack += ranked[:extra].sum() - ((sizes - least) * prices).sum()
    # Rows are known to about seven digits: less inertia than this is none.
    least_inertia = max(inertia.item(), 1e-6 * points.squares)
    gap = slack.item() / least_inertia if least_inertia > 0 else 0.0
    return Balanced(labels, prices, inertia.item(), max(0.0, gap))
