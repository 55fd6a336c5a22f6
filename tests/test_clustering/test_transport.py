"""The exact assignment against scipy's linear_sum_assignment."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from mmseg_usrn.clustering.transport import _MoveGraph, assign_exactly


def cheapest(costs: torch.Tensor) -> float:
    """Cost of the best assignment with sizes that differ by at most one.

    Every cluster has its full places, which must be taken, and one more.
    """
    num_points, num_clusters = costs.shape
    least, extra = divmod(num_points, num_clusters)
    bonus = 1e3
    places = [costs.numpy() - bonus] * least
    places += [costs.numpy()] if extra else []
    table = np.concatenate(places, axis=1)
    total = table[linear_sum_assignment(table)].sum()
    return total + bonus * least * num_clusters


def solve(costs, prices):
    num_points, num_clusters = costs.shape
    least, extra = divmod(num_points, num_clusters)
    shape = torch.full((num_clusters,), least)
    return assign_exactly(costs, prices, shape, extra)


def test_memory_of_the_graph_is_one_cost_a_pair():
    """A view of more would keep all of it alive."""
    costs = torch.rand(20, 10).double()
    least = torch.full((10,), 2)
    graph = _MoveGraph(costs, torch.zeros(10).double(), least, 0)
    assert graph.edges.shape == (10, 10)
    assert graph.edges.untyped_storage().nbytes() == 8 * 10 * 10


@pytest.mark.parametrize('seed', range(12))
@pytest.mark.parametrize('ties', [False, True])
def test_optimal_with_a_proof(seed, ties):
    generator = torch.Generator().manual_seed(seed)
    num_clusters = 1 + seed % 6
    num_points = num_clusters + 3 * seed
    costs = torch.rand(num_points, num_clusters, generator=generator).double()
    if ties:
        costs = (costs * 3).floor()
    prices = torch.randn(num_clusters, generator=generator).double()
    found = solve(costs, prices * (seed % 2))
    sizes = torch.bincount(found.labels, minlength=num_clusters)
    total = costs.gather(1, found.labels[:, None]).sum().item()
    extra = num_points % num_clusters
    highest = found.prices.sort(descending=True).values[:extra].sum()
    least = num_points // num_clusters
    dual = (costs + found.prices).amin(1).sum()
    dual = (dual - least * found.prices.sum() - highest).item()
    assert sizes.max() - sizes.min() <= 1
    assert total == pytest.approx(cheapest(costs), abs=1e-8)
    assert dual == pytest.approx(total, abs=1e-8)


@pytest.mark.timeout(60)
@pytest.mark.parametrize('seed', [0, 1])
def test_moves_that_differ_by_rounding_make_no_cycle(seed):
    """Hundreds of misplaced points whose costs are equal to 11 digits."""
    generator = torch.Generator().manual_seed(seed)
    costs = torch.randint(8, (600, 12), generator=generator).double()
    noise = torch.rand(600, 12, generator=generator, dtype=torch.float64)
    found = solve(costs + 1.5e-11 * noise, torch.zeros(12).double())
    total = costs.gather(1, found.labels[:, None]).sum().item()
    assert found.labels.bincount().tolist() == [50] * 12
    assert total == pytest.approx(cheapest(costs))


def test_by_hand():
    # Both points want cluster 0; the second loses less by leaving it.
    costs = torch.tensor([[0.0, 5.0], [0.0, 2.0]], dtype=torch.float64)
    found = solve(costs, torch.zeros(2, dtype=torch.float64))
    assert found.labels.tolist() == [0, 1]
    assert 2 <= (found.prices[0] - found.prices[1]).item() <= 5


def test_equal_points_move_in_one_block():
    costs = torch.zeros(5000, 4, dtype=torch.float64)
    found = solve(costs, torch.zeros(4, dtype=torch.float64))
    assert torch.bincount(found.labels).tolist() == [1250] * 4


def test_impossible_sizes():
    costs = torch.zeros(2, 2, dtype=torch.float64)
    least = torch.tensor([3, -1])
    zero = torch.zeros(2, dtype=torch.float64)
    assert assign_exactly(costs, zero, least, 0) is None
