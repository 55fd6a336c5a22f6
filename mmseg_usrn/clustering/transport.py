"""Exact balanced assignment of a small number of points.

Starts from the assignment at given prices, where only few points sit in the
wrong cluster, and pushes the surplus along successive shortest paths of a
graph whose nodes are the clusters: the edge ``u -> v`` costs what the
cheapest move of a point from ``u`` to ``v`` costs. See Ahuja, Magnanti and
Orlin, *Network Flows*, section 9.7.

Shapes: ``M`` points at hand, ``K`` clusters.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Transport(NamedTuple):
    """Solution of a balanced assignment.

    Attributes:
        labels: (M,) int64 cluster of every point.
        prices: (K,) float64 prices that prove it optimal.
    """

    labels: Tensor
    prices: Tensor


def assign_exactly(
    costs: Tensor,
    prices: Tensor,
    least: Tensor,
    extra: int,
) -> Transport | None:
    """Cheapest assignment with given cluster sizes.

    Args:
        costs: (M, K) float64.
        prices: (K,) float64 prices near the optimal ones. Any prices give
            the right result, good ones give it soon.
        least: (K,) int64, size of every cluster.
        extra: How many clusters get one point more; which ones is part of
            the problem. ``least.sum() + extra`` must be M.

    Returns:
        The solution; None if some size is negative, so that none exists.
    """
    graph = _MoveGraph(costs, prices, least, extra)
    if graph.wanted.min() < 0:
        return None
    surplus = int(graph.surplus().clamp_min(0).sum())
    while surplus:
        pushed = graph.push_round()
        assert pushed, 'every cluster with points reaches every other one'
        surplus -= pushed
    return Transport(graph.labels, prices + graph.potentials())


def match_centers(old: Tensor, new: Tensor) -> Tensor:
    """Pair old and new centres so that the pairs are close together.

    Args:
        old: (n, C) centres.
        new: (n, C) centres.

    Returns:
        (n,) int64; entry ``i`` is the old centre paired with the new centre
        ``i``. The sum of squared distances of the pairs is the smallest.
    """
    costs = torch.cdist(new.double(), old.double()).square().cpu()
    least = torch.ones(len(old), dtype=torch.int64)
    solved = assign_exactly(costs, costs.new_zeros(len(old)), least, 0)
    assert solved is not None
    return solved.labels.to(old.device)


class _MoveGraph:
    """Clusters as nodes, cheapest moves as edges.

    All edge costs are reduced costs ``cost + price_v - price_u``, which are
    non-negative at the start. They stay so, but for rounding, when the
    distances of every round are added to the prices (Johnson's potentials).
    That is where rounding is cut off: moves that cost the same up to rounding
    would else make cycles below 0. A cluster that takes one of the ``extra``
    places is ``large``; giving the place to another cluster is an edge that
    moves no point.
    """

    def __init__(
        self, costs: Tensor, prices: Tensor, least: Tensor, extra: int
    ) -> None:
        self.num_clusters = len(prices)
        self.costs = costs + prices
        self.labels = self.costs.argmin(1)
        self.prices = prices
        self.large = torch.zeros_like(least, dtype=torch.bool)
        self.large[prices.argsort(descending=True, stable=True)[:extra]] = True
        self.wanted = least + self.large
        self.least = least
        size = prices.abs().max()
        if len(costs):
            size = size + costs.abs().max()
        self.tie = 1e-13 * float(size)  # smaller differences are rounding
        self.edges = costs.new_full((self.num_clusters,) * 2, torch.inf)
        self.potential = torch.zeros_like(prices)
        self._renew_places()
        for cluster in range(self.num_clusters):
            self._renew(cluster)

    def surplus(self) -> Tensor:
        sizes = torch.bincount(self.labels, minlength=self.num_clusters)
        return sizes - self.wanted

    def push_round(self) -> int:
        """Move points along cheapest paths; how many paths' worth.

        All paths of one round lie on one forest of cheapest paths, so that
        using several of them keeps the assignment optimal as long as no
        edge gives more points than move at its price.
        """
        surplus = self.surplus()
        start = torch.where(surplus > 0, 0.0, torch.inf).to(self.prices)
        potential = self.potential
        distance, before = self._shortest(start, potential)
        farthest = distance[distance.isfinite()].max()
        self.potential = potential + distance.clamp_max(farthest)
        reached = torch.where(distance.isfinite(), self.potential, torch.inf)
        short = torch.where(surplus < 0, reached, torch.inf)
        order = short.argsort(stable=True)[: int((surplus < 0).sum())]
        forest, left = before.tolist(), surplus.tolist()
        moves: dict[tuple[int, int], Tensor | None] = {}
        touched: set[int] = set()
        pushed = 0
        for sink in order.tolist():
            path = _path_to(sink, forest)
            amount = self._reserve(path, moves, left)
            if amount:
                left[path[0]] -= amount
                left[sink] += amount
                pushed += amount
                touched.update(path)
        self.wanted = self.least + self.large
        self._renew_places()
        for cluster in touched:
            self._renew(cluster)
        return pushed

    def _reserve(
        self,
        path: list[int],
        moves: dict[tuple[int, int], Tensor | None],
        left: list[int],
    ) -> int:
        """Push along a path as far as its edges have points left.

        Args:
            path: Clusters from the surplus to the shortage.
            moves: Per edge used in this round the points that may still
                move along it; None for a place that was handed over.
            left: Surplus of every cluster.

        Returns:
            How many points were moved from the first cluster to the last.
        """
        amount = min(left[path[0]], -left[path[-1]])
        edges = list(zip(path, path[1:], strict=False))
        for edge in edges:
            if edge not in moves:
                moves[edge] = self._movable(*edge)
            points = moves[edge]
            if points is None:
                amount = min(amount, int(self._hands_over(*edge)))
            else:
                points = points[self.labels[points] == edge[0]]
                moves[edge] = points
                amount = min(amount, len(points))
        if amount < 1:
            return 0
        for u, v in edges:
            points = moves[u, v]
            if points is None:
                self.large[u], self.large[v] = True, False
            else:
                self.labels[points[:amount]] = v
                moves[u, v] = points[amount:]
        return amount

    def potentials(self) -> Tensor:
        """Price changes (K,) under which no reduced cost is negative."""
        zeros = torch.zeros_like(self.prices)
        distance, _ = self._shortest(zeros)
        return -distance

    def _renew(self, cluster: int) -> None:
        """Recompute the cheapest moves out of a cluster."""
        rows = self.costs[self.labels == cluster]
        self.edges[cluster] = torch.inf
        if len(rows):
            moves = rows - rows[:, cluster : cluster + 1]
            self.edges[cluster] = moves.amin(0)

    def _movable(self, u: int, v: int) -> Tensor | None:
        """Points (n,) that move from u to v at the price of the edge.

        None if handing over an extra place is what makes the edge cheap.
        """
        if self.places[u, v] < self.edges[u, v]:
            return None
        index = (self.labels == u).nonzero()[:, 0]
        moves = self.costs[index, v] - self.costs[index, u]
        return index[moves <= self.edges[u, v] + self.tie]

    def _hands_over(self, u: int, v: int) -> bool:
        """Whether v has an extra place that u could take."""
        return not self.large[u] and bool(self.large[v])

    def _renew_places(self) -> None:
        """Costs (K, K) of handing an extra place from v to u."""
        gap = self.prices[None, :] - self.prices[:, None]
        free = ~self.large[:, None] & self.large[None, :]
        self.places = torch.where(free, gap, torch.inf)

    def _shortest(
        self, distance: Tensor, potential: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Bellman-Ford; distances (K,) and predecessors (K,).

        Args:
            distance: (K,) to start from.
            potential: (K,) under which edges below 0 are rounding.
        """
        weights = torch.minimum(self.edges, self.places)
        weights.fill_diagonal_(torch.inf)
        if potential is not None:
            weights += potential[:, None] - potential
            weights.clamp_min_(0)
        before = torch.full_like(self.least, -1)
        for _ in range(self.num_clusters):
            through, node = (distance[:, None] + weights).min(0)
            better = through < distance - self.tie
            if not better.any():
                break
            distance = torch.where(better, through, distance)
            before = torch.where(better, node, before)
        return distance, before


def _path_to(sink: int, forest: list[int]) -> list[int]:
    """Clusters from the root of a tree to one of its nodes."""
    path = [sink]
    while forest[path[-1]] >= 0:
        path.append(forest[path[-1]])
    return path[::-1]
