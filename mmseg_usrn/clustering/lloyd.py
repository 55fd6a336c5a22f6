"""Lloyd iterations with prices: centres, then prices, then centres.

Inside the iterations balance is approximate. Prices are solved on a sample,
which is the same on every rank, and one pass over all points per iteration
gives the sums for the new centres and corrects what the sample got wrong.

Shapes: ``M`` points of a sample, ``C`` channels, ``K`` clusters.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .distributed import Points
from .prices import (
    Model,
    SmoothDual,
    priced_costs,
    share_out,
    soft_members,
    squared_costs,
    typical,
    typical_margin,
)
from .settings import Settings


class Start(NamedTuple):
    """Balanced k-means of a sample.

    Attributes:
        model: Centres and prices.
        unit: Typical margin, the unit of temperatures.
        value: Value of the dual at the end; lower is better on the same
            sample.
    """

    model: Model
    unit: float
    value: float


def find_start(
    rows: Tensor, n_clusters: int, seed: int, settings: Settings
) -> Start:
    """Best of several annealings of a small sample, improved on a larger.

    Args:
        rows: (M, C) float32 sample in random order; its first rows are both
            samples.
        n_clusters: Number of clusters.
        seed: Seed of the first centres.
        settings: Sizes of the small sample, temperatures, numbers of steps.
    """
    few = rows[: settings.start_rows * n_clusters]
    draws = max(1, settings.start_draws // n_clusters)
    tries = []
    for draw in range(min(settings.most_starts, draws)):
        centers = kmeans_plus_plus(few, n_clusters, seed + draw)
        first = first_prices(few, centers, settings)
        steps = settings.start_steps
        tries.append(anneal(few, few, *first, settings.hot, steps, settings))
    # The first of equally good ones, whatever the rounding of their sums.
    limit = min(start.value for start in tries)
    limit += 1e-6 * abs(limit)
    best = next(start for start in tries if start.value <= limit)
    return anneal(
        rows[: settings.anneal_rows * n_clusters],
        few,
        best.model,
        best.unit,
        settings.warm,
        settings.anneal_steps,
        settings,
    )


def kmeans_plus_plus(rows: Tensor, n_clusters: int, seed: int) -> Tensor:
    """Choose rows that lie far from each other.

    Arthur and Vassilvitskii, *k-means++: the advantages of careful
    seeding*, SODA 2007; one candidate a step.

    Args:
        rows: (M, C) float32 rows.
        n_clusters: How many rows to choose.
        seed: Seed of the draws.

    Returns:
        (n_clusters, C) float32 chosen rows.
    """
    generator = torch.Generator().manual_seed(seed)
    draws = torch.rand(n_clusters, dtype=torch.float64, generator=generator)
    squares = (rows * rows).sum(1)
    weights = torch.ones(len(rows), dtype=torch.float64, device=rows.device)
    nearest = torch.full_like(weights, torch.inf)
    centers = []
    for draw in draws.tolist():
        if weights.sum() == 0:  # all rows are chosen already: any will do
            weights = torch.ones_like(weights)
        target = draw * weights.sum()
        place = torch.searchsorted(weights.cumsum(0), target)
        center = rows[place.clamp_max(len(rows) - 1)]
        centers.append(center)
        distance = squares - 2 * (rows @ center) + center @ center
        nearest = torch.minimum(nearest, distance.double().clamp_min_(0))
        weights = nearest
    return torch.stack(centers)


def anneal(
    rows: Tensor,
    price_rows: Tensor,
    model: Model,
    unit: float,
    first: float,
    steps: int,
    settings: Settings,
) -> Start:
    """Balanced k-means of a sample with soft memberships that harden.

    Args:
        rows: (M, C) float32 sample.
        price_rows: (m, C) float32 rows on which prices are solved.
        model: First centres and their prices.
        unit: Typical margin, the unit of temperatures.
        first: First temperature.
        steps: Number of centre updates.
        settings: The last temperature, and how prices are solved.
    """
    (centers, prices), damping = model, settings.first_damping
    for step in range(steps):
        share = step / max(1, steps - 1)
        temperature = unit * first * (settings.cold / first) ** share
        temperature = max(temperature, settings.coldest)
        dual = SmoothDual(squared_costs(price_rows, centers), settings)
        state, damping = dual.solve(
            prices, temperature, settings.anneal_tolerance, damping
        )
        prices = state.prices - state.prices.mean()
        costs = dual.costs
        if rows is not price_rows:
            costs = squared_costs(rows, centers)
        members, _ = soft_members(costs, prices, temperature)
        sums = (members.T @ rows).double()
        centers = mean_rows(sums, members.sum(0).double(), centers)
    return Start(Model(centers, prices), unit, state.value)


def first_prices(
    rows: Tensor, centers: Tensor, settings: Settings
) -> tuple[Model, float]:
    """Balance centres that have no prices yet, at a high temperature.

    Returns:
        The centres with prices, and the typical margin, the unit of all other
        temperatures.
    """
    dual = SmoothDual(squared_costs(rows, centers), settings)
    spread = dual.costs.var(1, correction=0).sqrt()
    state, _ = dual.solve(
        torch.zeros_like(dual.shares),
        settings.first_spread * typical(spread, settings) + settings.coldest,
        settings.anneal_tolerance / 2,
        settings.first_damping,
    )
    unit = typical_margin(dual.costs, state.prices, settings)
    return Model(centers, state.prices - state.prices.mean()), unit


class SamplePricer:
    """Solves prices on a small sample of the points.

    A sample of about 100 points per cluster gives sizes wrong by several
    percent. Every pass over all points tells by how much, and the wished
    sizes of the sample are shifted against it from then on.

    Args:
        rows: (M, C) float32 sample.
        num_clusters: Number of clusters ``K``.
        total: Number of all points.
        temperature: Temperature at which prices are solved.
        settings: Tolerance and speed of the correction.
    """

    def __init__(
        self,
        rows: Tensor,
        num_clusters: int,
        total: int,
        temperature: float,
        settings: Settings,
    ) -> None:
        self.rows, self.temperature = rows, temperature
        self.share, self.settings = total / num_clusters, settings
        self.damping = settings.first_damping
        self.correction = torch.ones(
            num_clusters, dtype=torch.float64, device=rows.device
        )

    def solve(self, model: Model) -> Model:
        """The same centres with prices that balance the sample."""
        costs = squared_costs(self.rows, model.centers)
        dual = SmoothDual(costs, self.settings, self.correction)
        state, self.damping = dual.solve(
            model.prices,
            self.temperature,
            self.settings.price_tolerance,
            self.damping,
        )
        return Model(model.centers, state.prices - state.prices.mean())

    def update(self, sizes: Tensor) -> None:
        """Take in the sizes (K,) of all points at the last prices."""
        surplus = self.settings.correction * (sizes / self.share - 1)
        low, high = self.settings.most_correction
        self.correction = (self.correction - surplus).clamp(low, high)


class Sums(NamedTuple):
    """Sums over all points.

    Attributes:
        sizes: (K,) float64 points per cluster, with fractions.
        rows: (K, C) float64 sum of the rows of each cluster.
        lowest: (1,) float64 sum of the lowest priced cost.
    """

    sizes: Tensor
    rows: Tensor
    lowest: Tensor


def refine(
    points: Points,
    model: Model,
    pricer: SamplePricer,
    max_iter: int,
    tol: float,
) -> tuple[Model, int]:
    """Lloyd iterations on all points.

    Args:
        points: All points.
        model: Where to start.
        pricer: Solves the prices of every iteration.
        max_iter: Iterations at most.
        tol: Stop once an iteration lowers the sum of squares by less than
            this share.

    Returns:
        The model and the number of iterations.
    """
    last, step = torch.inf, 0
    while step < max_iter:
        step += 1
        model = pricer.solve(model)
        sums = assign_and_sum(points, model, pricer.temperature)
        pricer.update(sums.sizes)
        centers = mean_rows(sums.rows, sums.sizes, model.centers)
        model = Model(centers, model.prices)
        # The dual value bounds the balanced inertia from below, and tightly
        # so: unlike the inertia it gains nothing from unequal sizes.
        bound = sums.lowest.item() + points.squares
        if abs(last - bound) < tol * abs(bound):
            break
        last = bound
    return pricer.solve(model), step


def assign_and_sum(points: Points, model: Model, temperature: float) -> Sums:
    """One pass over all points at fixed centres and prices."""
    sizes = torch.zeros_like(model.prices)
    rows_sum = torch.zeros_like(model.centers, dtype=torch.float64)
    lowest = sizes.new_zeros(1)
    for _, rows in points.chunks():
        more = share_out(rows, priced_costs(rows, model), temperature)
        sizes += more[0]
        rows_sum += more[1]
        lowest += more[2]
    return Sums(*points.ranks.sum(sizes, rows_sum, lowest))


def mean_rows(sums: Tensor, sizes: Tensor, centers: Tensor) -> Tensor:
    """New centres (K, C).

    What a cluster lacks to half its share counts as points at its old centre:
    one outlier alone does not take a centre to where no other point is.
    """
    missing = (0.5 * sizes.mean() - sizes).clamp_min(0)[:, None]
    sums = sums + missing * centers
    return (sums / (sizes[:, None] + missing)).float()
