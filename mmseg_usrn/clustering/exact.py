"""From nearly balanced prices to exactly balanced labels, with a proof.

Points far from all boundaries keep their cluster while prices change a
little. So only the *band* of points with small margins (``band.py``) is solved
exactly. Whether the prices that solve it suit all other points too is not
assumed but proved: a last pass adds up how much cheaper any point would be
elsewhere. If that is more than rounding, a band around the new prices follows,
and a wider one if that does not help.

Shapes: ``P`` points of this rank, ``M`` points of the band, ``K`` clusters.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .band import (
    Band,
    assign_with_margins,
    count_labels,
    look_at_band,
    make_band,
    near_boundary,
)
from .lloyd import COLDEST, Model, mean_margin, priced_costs
from .points import Points
from .prices import FIRST_DAMPING, SmoothDual, solve_prices
from .transport import Transport, assign_exactly

# The wide band has at least this many costs, so all points when few.
WIDE_NUMBERS = 2**18

# A gap below this is rounding of float32 distances.
PROVED = 2e-7

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


def balance_exactly(points: Points, model: Model) -> Balanced:
    """Assign all points to fixed centres with sizes that differ by one.

    Two bands are used: on a wide one every rank balances the prices with
    its own points, on a narrow one, which all ranks gather, the last few
    misplaced points are moved. Where the proof fails, this is repeated
    around the new prices, with a wider band if the gap hardly fell.

    Args:
        points: All points.
        model: Centres and prices; the better the prices, the fewer passes.
    """
    wide = max(points.total // 5, WIDE_NUMBERS // len(model.prices))
    last = torch.inf
    while True:
        state = assign_with_margins(points, model)
        band = make_band(points, model, state, wide)
        while (band.fixed > points.total // len(model.prices) + 1).any():
            wide *= 2
            band = make_band(points, model, state, wide)
        prices = _balance_prices(band, model.prices, points)
        model = Model(model.centers, prices - prices.mean())
        solved = _settle(band, model, points, state.inertia)
        gap = torch.inf
        if solved is not None:
            labels = state.nearest.labels
            labels[band.index] = solved.labels
            prices = solved.prices - solved.prices.mean()
            found = _certify(points, model.centers, prices, labels)
            gap = found.gap
            if gap <= PROVED or band.total == points.total:
                return found
            model = Model(model.centers, prices)
        # A band around the new prices may do; if it does not help, widen it.
        if gap >= 0.1 * last:
            wide *= 2
        last = gap


def _exact_costs(rows: Tensor, centers: Tensor) -> Tensor:
    """Squared distances (M, K) less the rows' norms, in float64."""
    centers = centers.double()
    squares = (centers * centers).sum(1)
    return torch.addmm(squares, rows.double(), centers.T, alpha=-2)


def _balance_prices(band: Band, prices: Tensor, points: Points) -> Tensor:
    """Cool the prices down until few points of a band are misplaced.

    Args:
        band: Points that may change their cluster.
        prices: (K,) float64 prices to start from.
        points: All points.

    Returns:
        (K,) float64 prices.
    """
    num_clusters = len(prices)
    if num_clusters == 1:
        return prices
    shares = (points.total / num_clusters - band.fixed).clamp_min(0)
    shares *= band.total / shares.sum()
    dual = SmoothDual(band.costs, shares, points.ranks)
    heat = 0.05 * mean_margin(band.costs, prices, points.ranks)
    tolerance = 0.3 * num_clusters / band.total
    damping, best = FIRST_DAMPING, prices
    errors = [_misplaced(dual, prices)]
    while errors[-1] > num_clusters / 2 and heat > 0.1 * COLDEST:
        state = solve_prices(dual, prices, heat, tolerance, 6, damping)
        prices, damping = state.prices, state.damping
        errors.append(_misplaced(dual, prices))
        if errors[-1] == min(errors):
            best = prices
        if len(errors) > 4 and min(errors[-3:]) > min(errors):
            break
        heat *= 0.35
    return best


def _misplaced(dual: SmoothDual, prices: Tensor) -> float:
    """Points above the shares of their clusters at (K,) prices."""
    labels = (dual.costs + prices.float()).argmin(1)
    sizes = count_labels(labels, len(prices), dual.ranks)
    return (sizes - dual.shares).abs().sum().item() / 2


def _settle(
    band: Band, model: Model, points: Points, inertia: float
) -> Transport | None:
    """Exact labels of a band; None if its points do not suffice.

    Args:
        band: Points that may change their cluster.
        model: Centres and nearly balanced prices.
        points: All points.
        inertia: About the sum of squares of all points.

    Returns:
        Labels (M,) of this rank's part of the band and the prices that prove
        them optimal among the points of the band.
    """
    ranks, num_clusters = points.ranks, len(model.prices)
    nearest = look_at_band(band, model.prices)
    sizes = band.fixed + count_labels(nearest.labels, num_clusters, ranks)
    narrow = max(band.total // 20, 64 * num_clusters)
    while True:
        inside = near_boundary(
            nearest, narrow, num_clusters, ranks, band.total
        )
        inner, outer = inside.nonzero()[:, 0], ~inside
        outside = sizes - count_labels(
            nearest.labels[inner], num_clusters, ranks
        )
        least = points.total // num_clusters - outside
        solved = None
        if least.min() >= -1:
            rows = points.take(band.index[inner])
            solved = _move_surplus(rows, model, least, points)
        if solved is not None:
            found = nearest.labels.index_copy(0, inner, solved.labels)
            slack = _slack(band.costs[outer], solved.prices, found[outer])
            if ranks.sum(slack)[0].item() <= 0.1 * PROVED * inertia:
                return Transport(found, solved.prices)
        if narrow >= band.total:
            return None
        narrow *= 4


def _move_surplus(
    rows: Tensor, model: Model, least: Tensor, points: Points
) -> Transport | None:
    """Assign the rows (M, C) of all ranks exactly.

    Thousands of tiny steps: faster on a CPU, wherever the points are.
    """
    costs = _exact_costs(rows, model.centers)
    gathered, mine = points.ranks.gather_rows(costs)
    solved = assign_exactly(
        gathered.cpu(),
        model.prices.cpu(),
        least.long().cpu(),
        points.total % len(model.prices),
    )
    if solved is None:
        return None
    device = rows.device
    return Transport(solved.labels[mine].to(device), solved.prices.to(device))


def _slack(costs: Tensor, prices: Tensor, labels: Tensor) -> Tensor:
    """How much cheaper points would be elsewhere, summed, float64."""
    priced = costs + prices.float()
    own = priced.gather(1, labels[:, None])[:, 0]
    return (own - priced.amin(1)).double().sum()


def _certify(
    points: Points, centers: Tensor, prices: Tensor, labels: Tensor
) -> Balanced:
    """Inertia and duality gap of the labels, summed in float64.

    The gap is a sum of terms none of which is negative: how much cheaper a
    point would be elsewhere at these prices, and how far the extra places
    are from the clusters with the highest prices.
    """
    ranks = points.ranks
    inertia = prices.new_zeros(1)
    slack = prices.new_zeros(1)
    reach = centers.square().sum(1).max() + prices.abs().max()
    for where, rows in points.chunks():
        label = labels[where]
        apart = centers[label].sub_(rows).square_().sum(1)
        inertia += apart.sum(dtype=torch.float64)
        costs = priced_costs(rows, Model(centers, prices))
        own = costs.gather(1, label[:, None])[:, 0]
        rival = costs.scatter_(1, label[:, None], torch.inf).amin(1)
        # Of the few that may be cheaper elsewhere, up to the rounding of
        # float32 costs, float64 costs decide.
        rounding = ROUNDING * (rows.square().sum(1) + reach.float())
        doubt = (own > rival - rounding).nonzero()[:, 0]
        exact = _exact_costs(rows[doubt], centers) + prices
        own = exact.gather(1, label[doubt, None])
        slack += (own - exact.amin(1, keepdim=True)).sum()
    inertia, slack = ranks.sum(inertia, slack)
    sizes = count_labels(labels, len(prices), ranks)
    extra = points.total % len(prices)
    ranked = prices.sort(descending=True).values
    least = points.total // len(prices)
    slack += ranked[:extra].sum() - ((sizes - least) * prices).sum()
    # Rows are known to about seven digits: less inertia than this is none.
    least_inertia = max(inertia.item(), 1e-6 * points.squares)
    gap = slack.item() / least_inertia if least_inertia > 0 else 0.0
    return Balanced(
        labels,
        prices * points.scale**2,
        inertia.item() * points.scale**2,
        max(0.0, gap),
    )
