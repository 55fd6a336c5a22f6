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

from typing import NamedTuple

import torch
from torch import Tensor

from .settings import Settings


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
    squares = (centers * centers).sum(1)
    return torch.addmm(squares, rows, centers.T, alpha=-2)


def priced_costs(rows: Tensor, model: Model) -> Tensor:
    """Squared distances plus prices (M, K), less the rows' norms."""
    offsets = (model.centers * model.centers).sum(1).double() + model.prices
    return torch.addmm(offsets.float(), rows, model.centers.T, alpha=-2)


def mean_margin(costs: Tensor, prices: Tensor) -> float:
    """Mean difference between the lowest and the second priced cost."""
    priced = costs + prices.to(costs.dtype)
    lowest, label = priced.min(1)
    priced.scatter_(1, label[:, None], torch.inf)
    margins = priced.amin(1) - lowest
    return margins.sum(dtype=torch.float64).item() / max(1, len(costs))


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


class DualState(NamedTuple):
    """The smoothed dual at some prices.

    Attributes:
        prices: (K,) float64.
        sizes: (K,) float64 soft cluster sizes.
        value: Value of the dual.
        damping: Damping of the next step.
    """

    prices: Tensor
    sizes: Tensor
    value: float
    damping: float


class SmoothDual:
    """The smoothed dual on stored costs.

    Args:
        costs: (M, K) float tensor, squared distance minus any constant of
            the point.
        settings: Tolerances and dampings.
        shares: (K,) float64 wished cluster sizes, scaled so that they sum to
            M; None for equal ones.
    """

    def __init__(
        self, costs: Tensor, settings: Settings, shares: Tensor | None = None
    ) -> None:
        self.costs, self.settings = costs, settings
        if shares is None:
            shares = costs.new_ones(costs.shape[1], dtype=torch.float64)
        self.shares = shares * (len(costs) / shares.sum())

    def evaluate(
        self, prices: Tensor, temperature: float
    ) -> tuple[float, Tensor]:
        """Value of the dual at (K,) float64 prices, and memberships."""
        members, log_sum = soft_members(self.costs, prices, temperature)
        total = log_sum.double().sum()
        value = -temperature * total - self.shares @ prices
        return value.item(), members

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
        most_steps: int | None = None,
    ) -> DualState:
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
            most_steps: Evaluations at most per temperature.
        """
        limits = tolerance, most_steps or self.settings.newton_steps
        state = self._climb(prices, damping, temperature, *limits)
        stuck = max(tolerance, self.settings.stuck)
        raised = temperature
        while (
            self.imbalance(state.sizes) > stuck and raised < 64 * temperature
        ):
            raised *= 4
            state = self._climb(state.prices, state.damping, raised, *limits)
        while raised > temperature:
            raised /= 4
            state = self._climb(state.prices, state.damping, raised, *limits)
        return state

    def _climb(
        self,
        prices: Tensor,
        damping: float,
        temperature: float,
        tolerance: float,
        most_steps: int,
    ) -> DualState:
        """Newton steps at one temperature.

        The damping follows Marquardt's rule: it falls while the gain is what
        the Hessian foretold and rises where it is not. Large damping makes
        the step that of Sinkhorn's algorithm, which always gains; small
        damping crosses the gaps between groups of points, where the dual has
        no curvature.
        """
        least, most = self.settings.least_damping, self.settings.most_damping
        value, members = self.evaluate(prices, temperature)
        sizes, hessian = _sizes_and_hessian(members, temperature)
        for _ in range(most_steps):
            if self.imbalance(sizes) < tolerance:
                break
            step, foretold = _damped_step(
                sizes, hessian, self.shares, damping / temperature
            )
            trial, members = self.evaluate(prices + step, temperature)
            gain = (trial - value) / max(foretold, 1e-300)
            if gain > 0.05:
                prices, value = prices + step, trial
                sizes, hessian = _sizes_and_hessian(members, temperature)
            if gain > 0.6:
                damping = max(damping / 8, least)
            elif gain < 0.25:
                damping = min(damping * 6, most)
        return DualState(prices, sizes, value, damping)


def _sizes_and_hessian(
    members: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """Soft sizes (K,) and negative Hessian (K, K) of the dual."""
    overlap = (members.T @ members).double()
    sizes = overlap.sum(1)  # memberships of a point sum to 1
    return sizes, (torch.diag(sizes) - overlap) / temperature


def _damped_step(
    sizes: Tensor, hessian: Tensor, shares: Tensor, damping: float
) -> tuple[Tensor, float]:
    """Price change (K,) and the gain that the quadratic model foretells."""
    floor = torch.maximum(sizes, 0.01 * shares + 1e-9)
    surplus = sizes - shares
    step = torch.linalg.solve(hessian + torch.diag(floor * damping), surplus)
    step -= step.mean()  # a common price assigns nothing
    gain = surplus @ step - 0.5 * step @ (hessian @ step)
    return step, gain.item()
