"""Contracts of balanced k-means: sizes, certificate, seeds, input."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from mmseg_usrn.clustering import Settings, balanced_kmeans, rounding
from mmseg_usrn.clustering.distributed import ALONE, Points


def make_points(seed, num_points, channels, kind='normal'):
    generator = torch.Generator().manual_seed(seed)
    if kind == 'few values':
        values = torch.randint(
            0, 3, (num_points, channels), generator=generator
        )
        return values.float()
    points = torch.randn(num_points, channels, generator=generator)
    if kind == 'duplicates':
        most = max(1, num_points // 4)
        chosen = torch.randint(most, (num_points,), generator=generator)
        return points[chosen]
    return points


def make_hard_points(kind):
    """4,000 points and how many clusters are hard to find in them."""
    points = make_points(0, 4000, 16)
    generator = torch.Generator().manual_seed(0)
    draw = torch.rand(4000, generator=generator)
    if kind == 'outliers':
        points[draw < 0.001] *= 1000
    if kind == 'zeros':
        points[draw < 0.6] = 0
    if kind == 'duplicates':
        points = points[(draw * 60).long()]
    return points, 100 if kind == 'many clusters' else 24


def sum_of_squares(points, labels):
    """Squared distances to the means of the clusters."""
    groups = [points[labels == label].double() for label in labels.unique()]
    return sum((rows - rows.mean(0)).square().sum().item() for rows in groups)


def assert_balanced(labels, num_clusters):
    sizes = torch.bincount(labels, minlength=num_clusters)
    assert len(sizes) == num_clusters
    assert sizes.max() - sizes.min() <= 1


def best_inertia(points, centers):
    """Inertia of the best balanced assignment, by scipy."""
    costs = torch.cdist(points.double(), centers.double()).square().numpy()
    least, extra = divmod(len(points), len(centers))
    bonus = costs.max() * len(points) + 1
    places = [costs - bonus] * least + ([costs] if extra else [])
    table = np.concatenate(places, axis=1)
    rows, columns = linear_sum_assignment(table)
    return costs[rows, columns % len(centers)].sum()


@settings(max_examples=25, deadline=None)
@given(
    num_clusters=st.integers(1, 9),
    more=st.integers(0, 120),
    channels=st.integers(1, 12),
    kind=st.sampled_from(['normal', 'duplicates', 'few values']),
    dtype=st.sampled_from([torch.float16, torch.float32, torch.float64]),
    seed=st.integers(0, 99),
)
def test_any_points(num_clusters, more, channels, kind, dtype, seed):
    points = make_points(seed, num_clusters + more, channels, kind).to(dtype)
    result = balanced_kmeans(points, num_clusters, seed=seed)
    assert_balanced(result.labels, num_clusters)
    assert result.labels.dtype == torch.int64
    assert result.centers.shape == (num_clusters, channels)
    assert result.centers.dtype == torch.float32
    assert torch.isfinite(result.centers).all()
    assert torch.isfinite(result.prices).all()
    assert 0 <= result.gap <= 1e-6
    best = best_inertia(points, result.centers)
    assert result.inertia == pytest.approx(best, rel=2e-5, abs=1e-4)


@pytest.mark.parametrize('num_points', [200, 203])
def test_optimal_for_its_centers(num_points):
    points = make_points(0, num_points, 5)
    result = balanced_kmeans(points, 8)
    best = best_inertia(points, result.centers)
    assert result.gap <= 1e-6
    assert result.inertia == pytest.approx(best, rel=1e-6)


# The sums that the first version of the solver reached.
@pytest.mark.parametrize(
    ('kind', 'reached'),
    [
        ('many clusters', 36870),
        ('outliers', 7.824e7),
        ('zeros', 20738),
        ('duplicates', 24906),
    ],
)
def test_hard_points(kind, reached):
    points, num_clusters = make_hard_points(kind)
    result = balanced_kmeans(points, num_clusters)
    assert_balanced(result.labels, num_clusters)
    assert result.gap <= 1e-6
    assert sum_of_squares(points, result.labels) < 1.005 * reached


def test_samples_shorten_outliers():
    points = Points(make_hard_points('outliers')[0], ALONE, Settings())
    norms = points.sample(4000, longest=10.0).norm(dim=1)
    assert norms.max() == pytest.approx(10, rel=1e-5)
    assert norms.median() == pytest.approx(1, rel=0.1)
    assert points.sample(4000).norm(dim=1).max() > 100


def test_outliers_change_no_unit():
    units = [
        Points(make_hard_points(kind)[0], ALONE, Settings()).scale
        for kind in ('none', 'outliers')
    ]
    assert units[1] == pytest.approx(units[0], rel=0.1)


def test_prices_assign_points():
    points = make_points(1, 400, 4)
    result = balanced_kmeans(points, 5)
    costs = torch.cdist(points, result.centers).square() + result.prices
    same = costs.argmin(1) == result.labels
    assert same.float().mean() > 0.97  # ties sit on the boundaries
    assert result.prices.mean().abs() < 1e-6


def test_separate_groups_are_found():
    corners = torch.tensor([[0.0, 0], [50, 0], [0, 50], [50, 50]])
    points = corners.repeat_interleave(30, 0) + make_points(0, 120, 2)
    labels = balanced_kmeans(points, 4).labels.view(4, 30)
    assert (labels == labels[:, :1]).all()
    assert sorted(labels[:, 0].tolist()) == [0, 1, 2, 3]


def test_same_seed_same_result():
    points = make_points(2, 600, 6)
    first, second = (balanced_kmeans(points, 7, seed=3) for _ in range(2))
    assert torch.equal(first.labels, second.labels)
    assert torch.equal(first.centers, second.centers)


def test_ids_take_the_place_of_the_order():
    points, order = make_points(2, 3000, 16), torch.randperm(3000)
    first = balanced_kmeans(points, 7, ids=torch.arange(3000))
    second = balanced_kmeans(points[order], 7, ids=order)
    assert torch.equal(first.labels[order], second.labels)
    assert torch.equal(first.centers, second.centers)


def test_chunks_do_not_matter():
    points = make_points(2, 600, 6) * 3 + 100
    whole = balanced_kmeans(points, 6, seed=1)
    # Also without the copy that is kept of few points.
    settings = Settings(chunk_rows=64, cached_numbers=0)
    chunked = balanced_kmeans(points, 6, seed=1, settings=settings)
    assert_balanced(chunked.labels, 6)
    assert chunked.inertia == pytest.approx(whole.inertia, rel=1e-2)


def test_narrow_bands_suffice():
    # 20,000 points: neither band holds all of them.
    points = make_points(3, 20_000, 8)
    result = balanced_kmeans(points, 7, settings=Settings(wide_costs=1))
    assert_balanced(result.labels, 7)
    assert result.gap <= 1e-6


def test_start_centers_keep_their_rank():
    corners = torch.tensor([[0.0, 0], [50, 0], [0, 50]])
    points = corners.repeat_interleave(20, 0) + make_points(0, 60, 2)
    result = balanced_kmeans(points, 3, init=corners[[2, 0, 1]])
    assert result.labels.view(3, 20)[:, 0].tolist() == [1, 2, 0]


def test_start_centers_may_coincide():
    points = make_points(4, 90, 3)
    result = balanced_kmeans(points, 4, init=torch.zeros(4, 3))
    assert_balanced(result.labels, 4)


def test_one_cluster():
    points = make_points(5, 50, 3)
    result = balanced_kmeans(points, 1)
    spread = (points - points.mean(0)).square().sum().item()
    assert result.labels.eq(0).all()
    assert torch.allclose(result.centers[0], points.mean(0), atol=1e-5)
    assert result.inertia == pytest.approx(spread, rel=1e-5)
    assert result.gap == 0


def test_points_of_one_cluster_stay_on_their_ranks(monkeypatch):
    monkeypatch.setattr(rounding, 'make_band', None)  # it collects them
    result = balanced_kmeans(make_points(5, 50, 3), 1)
    assert result.prices.tolist() == [0]


def test_as_many_clusters_as_points():
    points = make_points(6, 12, 3)
    result = balanced_kmeans(points, 12)
    assert result.labels.sort().values.tolist() == list(range(12))
    assert result.inertia == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize('num_points', [9, 1000])
def test_equal_points(num_points):
    result = balanced_kmeans(torch.full((num_points, 3), 2.5), 4)
    assert_balanced(result.labels, 4)
    assert result.inertia == 0
    assert result.gap == 0


def test_constant_channels():
    points = make_points(7, 100, 4)
    points[:, 1:] = 7
    result = balanced_kmeans(points, 4)
    assert_balanced(result.labels, 4)
    order = points[:, 0].argsort()
    assert torch.unique_consecutive(result.labels[order]).numel() == 4


def test_large_constant_channel():
    points = 0.01 * make_points(7, 100, 4)
    points[:, 0] = 6e4
    result = balanced_kmeans(points, 4)
    assert_balanced(result.labels, 4)
    expected = balanced_kmeans(points[:, 1:], 4)
    assert result.inertia == pytest.approx(expected.inertia, rel=0.02)


def test_numbers_below_the_normal_ones():
    result = balanced_kmeans(1e-42 * make_points(8, 200, 4), 4)
    assert_balanced(result.labels, 4)


@pytest.mark.parametrize('scale', [1e-12, 1.0, 1e12])
def test_scale_does_not_matter(scale):
    points = make_points(8, 200, 4)
    result = balanced_kmeans(points * scale, 4)
    expected = balanced_kmeans(points, 4)
    assert_balanced(result.labels, 4)
    ratio = result.inertia / scale**2 / expected.inertia
    assert ratio == pytest.approx(1, rel=0.02)


def test_float16_squares_may_overflow():
    points = (make_points(9, 300, 16) * 1000).half()
    result = balanced_kmeans(points, 5)
    assert_balanced(result.labels, 5)
    assert np.isfinite(result.inertia)


def test_names_bad_rows():
    points = make_points(10, 30, 3)
    points[4, 1] = torch.nan
    points[17, 0] = torch.inf
    with pytest.raises(ValueError, match='2 of 30 points.*rows 4, 17'):
        balanced_kmeans(points, 3)


@pytest.mark.parametrize(
    ('points', 'arguments', 'message'),
    [
        (torch.zeros(0, 3), {}, '0 points cannot fill 2 clusters'),
        (torch.zeros(1, 3), {}, 'lower n_clusters to 1'),
        (torch.zeros(4), {}, 'floating point matrix'),
        (torch.zeros(4, 3).long(), {}, 'floating point matrix'),
        (torch.zeros(4, 3), {'n_clusters': 0}, 'at least 1, got 0'),
        (torch.zeros(4, 3), {'ids': torch.zeros(3).long()}, r'int64.*\(3,\)'),
        (torch.zeros(4, 3), {'max_iter': 0}, 'max_iter must be at least 1'),
        (torch.zeros(4, 3), {'init': torch.zeros(2, 2)}, r'\(2, 3\)'),
        (torch.zeros(4, 3), {'init': torch.full((2, 3), torch.nan)}, 'rows'),
    ],
)
def test_refuses(points, arguments, message):
    with pytest.raises(ValueError, match=message):
        balanced_kmeans(points, **{'n_clusters': 2, **arguments})
