r"""Prices: the dual of the balanced assignment.

For fixed centres the best balanced assignment is a transport problem. Its
dual has one number a cluster, the *price*: a point goes to the cluster with
the smallest *priced cost*, squared distance plus price. The prices that give
every cluster its share maximise a concave function of ``K`` numbers. An
entropy term of temperature ``t`` makes it smooth:

.. math:: D_t(p) = -t \sum_i \log \sum_k e^{-(G_{ik} + p_k) / t}
    - \sum_k s_k p_k .

Its gradient is (soft cluster size - share): where it vanishes, every cluster
has its share. Its negative Hessian is ``(diag(n) - Q^T Q) / t`` for soft
memberships ``Q`` and sizes ``n``, so that Newton's method costs a product of
matrices a step.

Shapes: ``M`` points at hand, ``C`` channels, ``K`` clusters.
"""

from math import ceil
from typing import NamedTuple

import torch
from torch import Tensor

from .products import less_products
from .settings import Settings

# Rows that are added up at a time: float64 copies of them fit into a
# processor's cache. Sums of float64 sums are, as float32 numbers, the same in
# every order, however the points are spread over the ranks.
SUM_ROWS = 2048


# Margin in temperatures above which a point is one cluster's: at 3, the second
# best would get 5 % of it.
HESITANT = 3.0


class Model(NamedTuple):
    """What assigns a point: ``argmin_k |x - centers_k|^2 + prices_k``.

    Attributes:
        centers: (K, C) float32.
        prices: (K,) float64, of mean 0.
    """

    centers: Tensor
    prices: Tensor


def squared_costs(rows: Tensor, centers: Tensor) -> Tensor:
    """Squared distances (M, K) less the squared norms of the rows.

    The norms are the same for every cluster and decide nothing.
    """
    return less_products(rows, centers, (centers * centers).sum(1))


def priced_costs(rows: Tensor, model: Model) -> Tensor:
    """Squared distances plus prices (M, K), less the rows' norms."""
    offsets = (model.centers * model.centers).sum(1).double() + model.prices
    return less_products(rows, model.centers, offsets.float())


def typical(values: Tensor, settings: Settings) -> float:
    """Mean of all (n,) values but the largest; of all if that is 0."""
    values = values.double().sort().values
    kept = values[: max(1, int(settings.typical_share * len(values)))]
    return kept.mean().item() or values.mean().item()


def typical_margin(costs: Tensor, prices: Tensor, settings: Settings) -> float:
    """Typical difference between the two lowest priced costs."""
    priced = costs + prices.to(costs.dtype)
    lowest, label = priced.min(1)
    priced.scatter_(1, label[:, None], torch.inf)
    return typical(priced.amin(1) - lowest, settings)


def soft_members(
    costs: Tensor, prices: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """Memberships (M, K) that sum to 1 per point, and log-sums (M, 1).

    Memberships below 1e-11 are lifted to it: denormal numbers are slow.
    """
    scores = (costs + prices.to(costs.dtype)).mul_(-1 / temperature)
    top = scores.amax(1, keepdim=True)
    members = scores.sub_(top).clamp_min_(-25).exp_()
    total = members.sum(1, keepdim=True)
    return members.div_(total), top.add_(total.log())


def share_out(
    rows: Tensor, costs: Tensor, temperature: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Give rows to their clusters: sizes (K,), sums (K, C), lowest costs.

    A row whose second best cluster is hardly dearer is shared by several, as
    in the prices' solution. Of equal rows, which all hesitate alike, each
    cluster so gets the part that its price pays for, not all or none.

    Args:
        rows: (M, C) float32.
        costs: (M, K) float32 priced costs.
        temperature: The one that the prices were solved at.
    """
    lowest, label = costs.min(1)
    place = label[:, None]
    second = costs.scatter_(1, place, torch.inf).amin(1)
    costs.scatter_(1, place, lowest[:, None])
    sizes = torch.bincount(label, minlength=costs.shape[1]).double()
    sums = sum_by_label(rows, label, costs.shape[1])
    soft = (second - lowest < HESITANT * temperature).nonzero()[:, 0]
    moves = torch.softmax(costs[soft] * (-1 / temperature), 1).double()
    moves.scatter_add_(1, place[soft], -torch.ones_like(moves[:, :1]))
    sums.addmm_(moves.T, rows[soft].double())
    return sizes + moves.sum(0), sums, lowest.double().sum()


def sum_by_label(rows: Tensor, label: Tensor, num_clusters: int) -> Tensor:
    """Sum the (M, C) rows of each label in float64.

    Deterministic on every device.
    """
    if rows.is_cuda:  # index_add_ adds in no fixed order there
        members = torch.nn.functional.one_hot(label, num_clusters)
        return members.double().T @ rows.double()
    total = rows.new_zeros(num_clusters, rows.shape[1], dtype=torch.float64)
    pairs = zip(rows.split(SUM_ROWS), label.split(SUM_ROWS), strict=True)
    for part, own in pairs:
        total.index_add_(0, own, part.double())
    return total


class DualState(NamedTuple):
    """The smoothed dual at some prices.

    Attributes:
        prices: (K,) float64.
        sizes: (K,) float64 soft cluster sizes.
        value: Value of the dual.
        curvature: (K, K) float64, its negative Hessian, times temperature.
    """

    prices: Tensor
    sizes: Tensor
    value: float
    curvature: Tensor


class SmoothDual:
    """The smoothed dual on stored costs.

    Args:
        costs: (M, K) float32, squared distance minus any constant of the
            point.
        settings: Tolerances, dampings, and how many points tell the
            curvature.
        shares: (K,) float64 wished cluster sizes, scaled so that they sum to
            M; None for equal ones.
    """

    def __init__(
        self, costs: Tensor, settings: Settings, shares: Tensor | None = None
    ) -> None:
        self.costs, self.settings = costs, settings
        number, num_clusters = costs.shape
        if shares is None:
            shares = costs.new_ones(num_clusters, dtype=torch.float64)
        self.shares = shares * (number / shares.sum())
        # A processor's cache holds a block while it is worked on.
        self.block = number if costs.is_cuda else 1 + 2**17 // num_clusters
        blocks = ceil(number / self.block)
        self.most_soft = ceil(settings.hessian_rows / max(1, blocks))

    def evaluate(self, prices: Tensor, temperature: float) -> DualState:
        """Value, sizes and curvature at (K,) float64 prices.

        Points that do not hesitate add nothing to the curvature. Of the
        others so many are taken, evenly, that it costs no more than the
        rest.
        """
        offsets = (prices / -temperature).float()
        sizes, log_sum = torch.zeros_like(prices), prices.new_zeros(1)
        overlap = self.costs.new_zeros(len(prices), len(prices))
        for costs in self.costs.split(self.block):
            scores = torch.add(offsets, costs, alpha=-1 / temperature)
            top = scores.amax(1, keepdim=True)
            # Smaller memberships count for nothing; denormals are slow.
            members = scores.sub_(top).clamp_min_(-60).exp_()
            total = members.sum(1, keepdim=True)
            sizes += members.div_(total).sum(0)
            log_sum += (top + total.log()).sum(dtype=torch.float64)
            soft = (total[:, 0] > 1.001).nonzero()[:, 0]
            stride = max(1, ceil(len(soft) / self.most_soft))
            soft = members[soft[::stride]]
            overlap.addmm_(soft.T, soft, alpha=stride)
        # Its rows sum to 0: a common price changes nothing.
        curvature = -overlap.double()
        curvature.diagonal().sub_(curvature.sum(1))
        value = -temperature * log_sum - self.shares @ prices
        return DualState(prices, sizes, value.item(), curvature)

    def imbalance(self, sizes: Tensor) -> float:
        """Share of the points that sit in a cluster above its share."""
        surplus = (sizes - self.shares).abs().sum()
        return (surplus / (2 * self.shares.sum())).item()

    def solve(
        self,
        prices: Tensor,
        temperature: float,
        tolerance: float,
        damping: float,
    ) -> tuple[DualState, float]:
        """Move the prices until the soft sizes match the shares.

        Where the steps do not suffice to get anywhere near, the temperature
        is raised fourfold until they do, and lowered again in the same
        steps: the smoother the dual, the further a quadratic model holds.

        Args:
            prices: (K,) float64 prices to start from.
            temperature: Temperature of the smoothing.
            tolerance: Largest accepted imbalance.
            damping: Damping of the first step; that of a similar problem
                solved before saves steps.
        """
        state, damping = self._climb(prices, damping, temperature, tolerance)
        stuck = max(tolerance, self.settings.stuck)
        raised = temperature
        while (
            self.imbalance(state.sizes) > stuck and raised < 64 * temperature
        ):
            raised *= 4
            state, damping = self._climb(
                state.prices, damping, raised, tolerance
            )
        while raised > temperature:
            raised /= 4
            state, damping = self._climb(
                state.prices, damping, raised, tolerance
            )
        return state, damping

    def _climb(
        self,
        prices: Tensor,
        damping: float,
        temperature: float,
        tolerance: float,
    ) -> tuple[DualState, float]:
        """Newton steps at one temperature; the last damping.

        The damping follows Marquardt's rule: it falls while the gain is what
        the curvature foretold and rises where it is not. Large damping makes
        the step that of Sinkhorn's algorithm, which always gains; small
        damping crosses the gaps between groups of points, where the dual has
        no curvature.
        """
        least, most = self.settings.least_damping, self.settings.most_damping
        state = self.evaluate(prices, temperature)
        for _ in range(self.settings.newton_steps):
            if self.imbalance(state.sizes) < tolerance:
                break
            step = temperature * self._damped_step(state, damping)
            slope = state.sizes - self.shares
            bend = step @ (state.curvature @ step) / temperature
            foretold = (slope @ step - 0.5 * bend).item()
            trial = self.evaluate(state.prices + step, temperature)
            gain = (trial.value - state.value) / max(foretold, 1e-300)
            if gain > 0.05:
                state = trial
            if gain > 0.6:
                damping = max(damping / 3, least)
            elif gain < 0.25:
                damping = min(damping * 4, most)
        return state, damping

    def _damped_step(self, state: DualState, damping: float) -> Tensor:
        """Damped Newton step (K,) in temperatures.

        Of a cluster that is far too small, the logarithm of its size tells
        how far its price must fall: its soft size shrinks exponentially with
        its distance from the points.
        """
        sizes = state.sizes
        floor = sizes.maximum(1e-3 * self.shares)
        missing = torch.log(sizes.clamp_min(1e-38) / self.shares)
        surplus = sizes - self.shares
        residual = torch.where(missing < 0, floor * missing, surplus)
        residual -= floor * (residual.sum() / floor.sum())
        damped = torch.diag(floor - sizes + floor * damping)
        step = torch.linalg.solve(state.curvature + damped, residual)
        return step - step.mean()  # a common price assigns nothing
