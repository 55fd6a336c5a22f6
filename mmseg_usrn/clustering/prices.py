r"""Prices: the dual of the balanced assignment.

A point goes to the cluster with the smallest ``cost + price``. The prices
that give every cluster its share maximise a concave function of ``K``
numbers. Smoothed by an entropy term of temperature ``t`` it reads

.. math:: D_t(p) = -t \sum_i \log \sum_k e^{-(G_{ik} + p_k) / t}
    - \sum_k s_k p_k ,

its gradient is (soft cluster size - share) and its negative Hessian is
``(diag(n) - Q^T Q) / t`` for soft memberships ``Q``. Newton steps with
Levenberg's damping solve it.

Shapes: ``M`` points at hand, ``K`` clusters.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .ranks import Ranks

LEAST_DAMPING, FIRST_DAMPING, MOST_DAMPING = 1e-5, 0.02, 10.0

ACCEPTED = 0.06  # imbalance above which a higher temperature is tried


class DualState(NamedTuple):
    """The smoothed dual at some prices.

    Attributes:
        prices: (K,) float64.
        sizes: (K,) float64 soft cluster sizes over all ranks.
        hessian: (K, K) float64 negative Hessian.
        value: Value of the dual.
        damping: Damping of the next step.
    """

    prices: Tensor
    sizes: Tensor
    hessian: Tensor
    value: float
    damping: float


class SmoothDual:
    """The smoothed dual on stored costs.

    Args:
        costs: (M, K) float tensor, squared distance minus any constant of
            the point.
        shares: (K,) float64, wished cluster sizes; their sum is the number
            of points over all ranks.
        ranks: The ranks over which the points are spread.
    """

    def __init__(self, costs: Tensor, shares: Tensor, ranks: Ranks) -> None:
        self.costs, self.shares, self.ranks = costs, shares, ranks

    def evaluate(
        self, prices: Tensor, temperature: float
    ) -> tuple[float, Tensor]:
        """Value of the dual at (K,) float64 prices, and memberships."""
        members, log_sum = soft_members(self.costs, prices, temperature)
        (total,) = self.ranks.sum(log_sum.double().sum())
        value = -temperature * total - self.shares @ prices
        return value.item(), members

    def expand(self, members: Tensor, temperature: float) -> list[Tensor]:
        """Soft sizes (K,) and negative Hessian (K, K) of the dual."""
        (overlap,) = self.ranks.sum((members.T @ members).double())
        sizes = overlap.sum(1)  # memberships of a point sum to 1
        return [sizes, (torch.diag(sizes) - overlap) / temperature]

    def imbalance(self, sizes: Tensor) -> float:
        """Share of the points that sit in a cluster above its share."""
        surplus = (sizes - self.shares).abs().sum()
        return (surplus / (2 * self.shares.sum())).item()


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


def solve_prices(
    dual: SmoothDual,
    prices: Tensor,
    temperature: float,
    tolerance: float,
    max_steps: int = 12,
    damping: float = FIRST_DAMPING,
) -> DualState:
    """Move the prices until the soft sizes match the shares.

    Where the steps do not suffice to get anywhere near, the temperature is
    raised fourfold until they do, and lowered again in the same steps.

    Args:
        dual: What to solve.
        prices: (K,) float64 prices to start from.
        temperature: Temperature of the smoothing.
        tolerance: Largest accepted imbalance.
        max_steps: Evaluations of the dual at most per temperature.
        damping: Damping of the first step; that of a similar problem solved
            before saves steps.
    """
    limits = tolerance, max_steps
    state = _climb(dual, prices, damping, temperature, *limits)
    heat = temperature
    while (
        dual.imbalance(state.sizes) > max(tolerance, ACCEPTED)
        and heat < 64 * temperature
    ):
        heat *= 4
        state = _climb(dual, state.prices, state.damping, heat, *limits)
    while heat > temperature:
        heat /= 4
        state = _climb(dual, state.prices, state.damping, heat, *limits)
    return state


def _climb(
    dual: SmoothDual,
    prices: Tensor,
    damping: float,
    temperature: float,
    tolerance: float,
    max_steps: int,
) -> DualState:
    """Newton steps at one temperature.

    The damping follows Marquardt's rule: it falls while the gain is what the
    Hessian foretold and rises where it is not. Large damping makes the step
    that of Sinkhorn's algorithm, which always gains; small damping crosses
    the gaps between groups of points, where the dual has no curvature.
    """
    value, members = dual.evaluate(prices, temperature)
    sizes, hessian = dual.expand(members, temperature)
    for _ in range(max_steps):
        if dual.imbalance(sizes) < tolerance:
            break
        step, foretold = _damped_step(
            sizes, hessian, dual.shares, damping / temperature
        )
        trial, members = dual.evaluate(prices + step, temperature)
        gain = (trial - value) / max(foretold, 1e-300)
        if gain > 0.05:
            prices, value = prices + step, trial
            sizes, hessian = dual.expand(members, temperature)
        if gain > 0.6:
            damping = max(damping / 8, LEAST_DAMPING)
        elif gain < 0.25:
            damping = min(damping * 6, MOST_DAMPING)
    return DualState(prices, sizes, hessian, value, damping)


def _damped_step(
    sizes: Tensor, hessian: Tensor, shares: Tensor, damping: float
) -> tuple[Tensor, float]:
    """Price change (K,) and the gain that the quadratic model foretells."""
    floor = torch.maximum(sizes, 0.01 * shares + 1e-9)
    surplus = sizes - shares
    step = torch.linalg.solve(hessian + torch.diag(floor * damping), surplus)
    step -= step.mean()
    gain = surplus @ step - 0.5 * step @ (hessian @ step)
    return step, gain.item()
