"""Lloyd iterations with prices: centres, then prices, then centres.

Inside the iterations balance is approximate. The prices are solved on a
small sample, and one pass over all points per iteration gives the sums for
the new centres and corrects what the sample got wrong.

Shapes: ``M`` points at hand, ``C`` channels, ``K`` clusters.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .points import Points
from .prices import (
    FIRST_DAMPING,
    SmoothDual,
    soft_members,
    solve_prices,
)
from .progress import Progress
from .ranks import Ranks

# Lowest temperature, in units of normalised squared distance: float32 costs
# resolve no finer differences.
COLDEST = 1e-6

# Last temperature of annealing, in units of the mean margin between the best
# and the second best cluster.
COLD = 0.02


class Model(NamedTuple):
    """What assigns a point: ``argmin_k |x - centers_k|^2 + prices_k``.

    Attributes:
        centers: (K, C) float32.
        prices: (K,) float64, of mean 0.
    """

    centers: Tensor
    prices: Tensor


class Sums(NamedTuple):
    """Sums over all points.

    Attributes:
        sizes: (K,) float64 points per cluster.
        rows: (K, C) float64 sum of the rows of each cluster.
        lowest: float64 scalar, sum of the lowest cost plus price.
    """

    sizes: Tensor
    rows: Tensor
    lowest: Tensor


def squared_costs(rows: Tensor, centers: Tensor) -> Tensor:
    """Squared distances (M, K) less the squared norms of the rows."""
    squares = (centers * centers).sum(1)
    return torch.addmm(squares, rows, centers.T, alpha=-2)


def priced_costs(rows: Tensor, model: Model) -> Tensor:
    """Squared distances plus prices (M, K), less the rows' norms."""
    offsets = (model.centers * model.centers).sum(1).double() + model.prices
    return torch.addmm(offsets.float(), rows, model.centers.T, alpha=-2)


def assign_and_sum(points: Points, model: Model) -> Sums:
    """One pass over all points at fixed centres and prices."""
    num_clusters = len(model.prices)
    sizes = torch.zeros_like(model.prices)
    rows_sum = torch.zeros_like(model.centers, dtype=torch.float64)
    lowest = sizes.new_zeros(1)
    for _, rows in points.chunks():
        cost, label = priced_costs(rows, model).min(1)
        sizes += torch.bincount(label, minlength=num_clusters)
        rows_sum += sum_by_label(rows, label, num_clusters)
        lowest += cost.double().sum()
    return Sums(*points.ranks.sum(sizes, rows_sum, lowest))


def sum_by_label(rows: Tensor, label: Tensor, num_clusters: int) -> Tensor:
    """Sum the (M, C) rows of each label, deterministic on every device."""
    if rows.is_cuda:  # index_add_ adds in no fixed order there
        members = torch.nn.functional.one_hot(label, num_clusters)
        return members.to(rows.dtype).T @ rows
    total = rows.new_zeros((num_clusters, rows.shape[1]))
    return total.index_add_(0, label, rows)


def mean_rows(sums: Tensor, sizes: Tensor, centers: Tensor) -> Tensor:
    """New centres (K, C); a cluster without points keeps its old one."""
    means = (sums / sizes.clamp_min(1e-12)[:, None]).float()
    return torch.where(sizes[:, None] > 0, means, centers)


class Annealed(NamedTuple):
    """Balanced k-means of a sample.

    Attributes:
        model: Centres and prices.
        heat: Last temperature.
        value: Value of the dual at the end; lower is better on the same
            sample.
    """

    model: Model
    heat: float
    value: float


def anneal(
    rows: Tensor,
    price_rows: Tensor,
    centers: Tensor,
    ranks: Ranks,
    *,
    iterations: int,
    hot: float,
    cold: float,
) -> Annealed:
    """Balanced k-means of a sample with soft memberships that harden.

    Args:
        rows: (M, C) float32 sample of this rank.
        price_rows: (m, C) float32 rows on which prices are solved.
        centers: (K, C) float32 first centres.
        ranks: The ranks over which the sample is spread.
        iterations: Number of centre updates.
        hot: First temperature in units of the mean margin.
        cold: Last temperature in the same unit.
    """
    model, unit = first_prices(price_rows, centers, ranks)
    prices, damping = model.prices, FIRST_DAMPING
    for step in range(iterations):
        share = step / max(1, iterations - 1)
        heat = max(unit * hot * (cold / hot) ** share, COLDEST)
        dual = even_dual(squared_costs(price_rows, centers), ranks)
        state = solve_prices(dual, prices, heat, 0.04, 12, damping)
        prices = state.prices - state.prices.mean()
        damping = state.damping
        costs = dual.costs
        if rows is not price_rows:
            costs = squared_costs(rows, centers)
        members, _ = soft_members(costs, prices, heat)
        sizes, sums = ranks.sum(
            members.sum(0).double(), (members.T @ rows).double()
        )
        centers = mean_rows(sums, sizes, centers)
    return Annealed(Model(centers, prices), heat, state.value)


def first_prices(
    rows: Tensor, centers: Tensor, ranks: Ranks
) -> tuple[Model, float]:
    """Balance centres that have no prices yet, at a high temperature.

    Args:
        rows: (M, C) float32 sample of this rank.
        centers: (K, C) float32.
        ranks: The ranks over which the sample is spread.

    Returns:
        The centres with prices, and the mean margin between the best and
        the second best cluster, the unit of temperatures.
    """
    dual = even_dual(squared_costs(rows, centers), ranks)
    spread = dual.costs[:, 0]
    if len(rows):  # var() warns of no rows
        spread = dual.costs.var(1, correction=0).sqrt()
    heat = 0.1 * _mean(spread, ranks) + COLDEST
    prices = solve_prices(
        dual, torch.zeros_like(dual.shares), heat, 0.02
    ).prices
    unit = mean_margin(dual.costs, prices, ranks)
    return Model(centers, prices - prices.mean()), unit


class SamplePricer:
    """Solves prices on a small sample of the points.

    A sample of about 100 points per cluster gives sizes wrong by several
    percent. Every pass over all points tells by how much, and the wished
    sizes of the sample are shifted against it from then on.

    Args:
        rows: (M, C) float32 sample of this rank.
        num_clusters: Number of clusters ``K``.
        total: Number of all points.
        heat: Temperature at which prices are solved.
        ranks: The ranks over which the sample is spread.
    """

    def __init__(
        self,
        rows: Tensor,
        num_clusters: int,
        total: int,
        heat: float,
        ranks: Ranks,
    ) -> None:
        self.rows, self.ranks = rows, ranks
        self.heat = heat
        self.damping = FIRST_DAMPING
        self.share = total / num_clusters
        self.correction = torch.ones(
            num_clusters, dtype=torch.float64, device=rows.device
        )

    def solve(self, model: Model) -> Model:
        """The same centres with prices that balance the sample."""
        costs = squared_costs(self.rows, model.centers)
        dual = even_dual(costs, self.ranks, self.correction)
        state = solve_prices(
            dual, model.prices, self.heat, 0.003, 12, self.damping
        )
        self.damping, prices = state.damping, state.prices
        return Model(model.centers, prices - prices.mean())

    def learn(self, sizes: Tensor) -> None:
        """Take in the sizes (K,) of all points at the last prices."""
        surplus = sizes / self.share - 1
        self.correction = (self.correction - 0.5 * surplus).clamp(0.6, 1.6)


def refine(
    points: Points,
    model: Model,
    pricer: SamplePricer,
    *,
    max_iter: int,
    tol: float,
    progress: Progress,
) -> tuple[Model, int]:
    """Lloyd iterations on all points.

    Args:
        points: All points.
        model: Where to start.
        pricer: Solves the prices of every iteration.
        max_iter: Iterations at most.
        tol: Stop once an iteration lowers the sum of squares by less than
            this share.
        progress: Told of every iteration.

    Returns:
        The model and the number of iterations.
    """
    last, step = torch.inf, 0
    while step < max_iter:
        step += 1
        progress.update(step, f'iteration {step}')
        model = pricer.solve(model)
        sums = assign_and_sum(points, model)
        pricer.learn(sums.sizes)
        centers = mean_rows(sums.rows, sums.sizes, model.centers)
        model = Model(centers, model.prices)
        # The dual value bounds the balanced inertia from below, and tightly
        # so: unlike the inertia it gains nothing from unequal sizes.
        bound = sums.lowest.item() + points.squares
        if abs(last - bound) < tol * abs(bound):
            break
        last = bound
    return pricer.solve(model), step


def even_dual(
    costs: Tensor, ranks: Ranks, correction: Tensor | None = None
) -> SmoothDual:
    """Dual that gives every cluster the same share of the rows at hand."""
    shape = costs.new_ones(costs.shape[1], dtype=torch.float64)
    shares = shape if correction is None else correction
    total = sum(ranks.counts(len(costs), costs.device))
    return SmoothDual(costs, shares * (total / shares.sum()), ranks)


def mean_margin(costs: Tensor, prices: Tensor, ranks: Ranks) -> float:
    """Mean difference between the best and the second best cluster."""
    priced = costs + prices.to(costs.dtype)
    lowest, label = priced.min(1)
    priced.scatter_(1, label[:, None], torch.inf)
    return _mean(priced.amin(1) - lowest, ranks)


def _mean(values: Tensor, ranks: Ranks) -> float:
    total, number = ranks.sum(
        values.sum(dtype=torch.float64),
        values.new_tensor(len(values), dtype=torch.float64),
    )
    return (total / number.clamp_min(1)).item()
