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

from .band import (
    Band,
    assign_with_margins,
    count,
    make_band,
    near_boundary,
    nearest_two,
)
from .distributed import ALONE, Points
from .prices import Model, SmoothDual, priced_costs, typical_margin
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
    if num_clusters == 1:  # has all points; none is near a boundary
        return certify(points, model, torch.zeros_like(points.ids))
    wide = max(
        int(points.total * settings.wide_share),
        settings.wide_costs // num_clusters,
        settings.narrow_rows * num_clusters,
    )
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
    shares = (total / num_clusters - band.fixed).clamp_min(0)
    dual = SmoothDual(band.costs, settings, shares)
    unit = typical_margin(band.costs, prices, settings)
    temperature = settings.round_temperature * unit
    tolerance = 0.3 * num_clusters / len(band.costs)
    damping, best = settings.first_damping, prices
    errors = [_misplaced(dual, prices)]
    while (
        errors[-1] > num_clusters / 2 and temperature > 0.1 * settings.coldest
    ):
        state, damping = dual.solve(prices, temperature, tolerance, damping)
        prices = state.prices
        errors.append(_misplaced(dual, prices))
        if errors[-1] == min(errors):
            best = prices
        if len(errors) > 2 and errors[-1] > 0.7 * errors[-2]:
            break  # points that hesitate at any temperature, as equal ones
        temperature *= settings.round_cooling
    return best


def _misplaced(dual: SmoothDual, prices: Tensor) -> float:
    """Points above the shares of their clusters at (K,) prices."""
    labels = (dual.costs + prices.float()).argmin(1)
    surplus = count(labels, len(prices)) - dual.shares
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
    nearest = nearest_two(band.costs + model.prices.float())
    sizes = band.fixed + count(nearest.labels, num_clusters)
    narrow = max(
        int(settings.narrow_share * len(band.rows)),
        settings.narrow_rows * num_clusters,
    )
    while True:
        inside = near_boundary(
            nearest, narrow, num_clusters, ALONE, len(band.rows)
        )
        inner, outer = inside.nonzero()[:, 0], ~inside
        outside = sizes - count(nearest.labels[inner], num_clusters)
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
    sizes = count(labels, len(prices))
    inertia, slack, sizes = points.ranks.sum(inertia, slack, sizes)
    least, extra = divmod(points.total, len(prices))
    ranked = prices.sort(descending=True).values
    slack += ranked[:extra].sum() - ((sizes - least) * prices).sum()
    # Rows are known to about seven digits: less inertia than this is none.
    least_inertia = max(inertia.item(), 1e-6 * points.squares)
    gap = slack.item() / least_inertia if least_inertia > 0 else 0.0
    return Balanced(labels, prices, inertia.item(), max(0.0, gap))
