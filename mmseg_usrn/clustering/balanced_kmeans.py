"""Balanced k-means: clusters whose sizes differ by at most one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

import torch
from torch import Tensor

from .exact import balance_exactly
from .lloyd import (
    COLD,
    COLDEST,
    Model,
    SamplePricer,
    anneal,
    first_prices,
    refine,
)
from .points import Points, first_bad_rows
from .progress import Progress
from .ranks import Ranks
from .seeds import kmeans_plus_plus

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup

START_STEPS = 14  # centre updates of each start
STARTS = 64  # by K: how many starts are tried; many clusters need few
START_ROWS = 48  # rows per cluster on which they are tried
ANNEAL_ROWS = 256  # rows per cluster on which the best one is improved
PRICE_ROWS = 96  # rows per cluster on which prices are solved later


@dataclass(frozen=True)
class BalancedKMeansResult:
    """Result of :func:`balanced_kmeans`.

    Shapes: ``P`` points of this rank, ``C`` channels.

    Attributes:
        labels: (P,) int64 cluster of every point of this rank.
        centers: (n_clusters, C) float32 cluster centres, equal on all
            ranks. The labels are the best balanced assignment to them, up to
            ``gap``. Subtract a common offset that float32 cannot hold from
            float64 features first.
        prices: (n_clusters,) float64 in units of squared distance, of mean
            0. ``argmin_k |x - centers_k|^2 + prices_k`` assigns any point,
            also one that was not clustered.
        inertia: Sum of squared distances of all points of all ranks to
            their centres.
        n_iter: Iterations over all points.
        gap: Certificate of the assignment: its inertia exceeds that of the
            best balanced assignment to the same centres by at most this
            share of ``inertia`` (or of a millionth of the sum of squares
            around the mean, if that is more: all below is rounding).
    """

    labels: Tensor
    centers: Tensor
    prices: Tensor
    inertia: float
    n_iter: int
    gap: float


def balanced_kmeans(
    features: Tensor,
    n_clusters: int,
    *,
    init: Tensor | None = None,
    max_iter: int = 10,
    tol: float = 5e-4,
    seed: int = 0,
    group: Optional['ProcessGroup'] = None,
    chunk_rows: int = 8192,
) -> BalancedKMeansResult:
    """Cluster points into clusters of equal size.

    Sizes differ by at most one. The sum of squared distances is lowered by
    Lloyd iterations; the last assignment is optimal for its centres among
    all balanced ones. While ``torch.distributed`` is initialised the
    function is collective: every rank passes its own points, which stay
    where they are, and gets their labels.

    Args:
        features: (P, C) floating point points of this rank, on any device.
            P may be 0 on some ranks.
        n_clusters: Number of clusters.
        init: (n_clusters, C) centres to start from, equal on all ranks.
            None finds them on a sample of the points. Cluster ``k`` of the
            result continues row ``k``.
        max_iter: Iterations over all points at most. Results change little
            after the default; use 300 for convergence.
        tol: Stop once an iteration lowers the inertia by less than this
            share.
        seed: Seed of all random draws.
        group: Process group, None for the default group.
        chunk_rows: Points handled at a time. Beside the features, memory is
            needed for a few chunks of float32 rows and costs, 80 bytes a
            point, a few copies of the costs of the points near a boundary
            (a fifth of all or more, ``n_clusters`` float32 numbers each),
            and for float32 rows of all points where these take at most
            256 MiB.

    Returns:
        Labels of this rank's points, centres, prices and a certificate.

    Raises:
        ValueError: If a rank's features are not a finite floating point
            matrix, if there are fewer points than clusters, or if ``init``
            does not fit.
    """
    return cluster_points(
        features,
        n_clusters,
        Ranks(group),
        init=init,
        max_iter=max_iter,
        tol=tol,
        seed=seed,
        chunk_rows=chunk_rows,
    )


@torch.no_grad()
def cluster_points(
    features: Tensor,
    n_clusters: int,
    ranks: Ranks,
    *,
    init: Tensor | None,
    max_iter: int,
    tol: float,
    seed: int,
    chunk_rows: int,
) -> BalancedKMeansResult:
    """:func:`balanced_kmeans` over given ranks."""
    _check_settings(features, n_clusters, init, max_iter, chunk_rows)
    with torch.autocast(features.device.type, enabled=False):
        _check_points(features, n_clusters, ranks, chunk_rows)
        points = Points(features, ranks, chunk_rows)
        progress = Progress(max_iter + 2, visible=ranks.shows_progress)
        sample = points.take(points.sample(PRICE_ROWS * n_clusters, seed))
        model, heat = _first_model(points, sample, n_clusters, init, seed)
        n_iter = 0
        if n_clusters > 1:
            pricer = SamplePricer(
                sample, n_clusters, points.total, heat, ranks
            )
            model, n_iter = refine(
                points,
                model,
                pricer,
                max_iter=max_iter,
                tol=tol,
                progress=progress,
            )
        progress.update(max_iter + 1, 'exact sizes')
        final = balance_exactly(points, model)
        progress.close()
        return BalancedKMeansResult(
            labels=final.labels,
            centers=points.denormalise(model.centers),
            prices=final.prices,
            inertia=final.inertia,
            n_iter=n_iter,
            gap=final.gap,
        )


def _first_model(
    points: Points,
    sample: Tensor,
    n_clusters: int,
    init: Tensor | None,
    seed: int,
) -> tuple[Model, float]:
    """Centres and prices to refine, and a temperature for the prices."""
    ranks = points.ranks
    if n_clusters == 1:  # the mean of normalised rows
        centers = sample.new_zeros(1, sample.shape[1])
        return Model(centers, centers.new_zeros(1).double()), COLDEST
    if init is not None:
        centers = points.normalise(init.to(sample.device))
        model, unit = first_prices(sample, centers, ranks)
        return model, max(COLD * unit, COLDEST)
    if points.total == n_clusters:
        centers = points.all_rows()
        return Model(
            centers, torch.zeros_like(centers[:, 0].double())
        ), COLDEST
    few = points.take(points.sample(START_ROWS * n_clusters, seed))
    starts = (
        kmeans_plus_plus(few, n_clusters, seed + start, ranks)
        for start in range(min(4, max(1, STARTS // n_clusters)))
    )
    tries = [
        anneal(
            few,
            few,
            centers,
            ranks,
            iterations=START_STEPS,
            hot=0.5,
            cold=COLD,
        )
        for centers in starts
    ]
    # The first of equally good ones, whatever the rounding of their sums.
    limit = min(found.value for found in tries)
    limit += 1e-6 * abs(limit)
    best = next(found for found in tries if found.value <= limit)
    rows = points.take(points.sample(ANNEAL_ROWS * n_clusters, seed))
    found = anneal(
        rows, few, best.model.centers, ranks, iterations=8, hot=0.1, cold=COLD
    )
    return found.model, found.heat


def _check_settings(
    features: Tensor,
    n_clusters: int,
    init: Tensor | None,
    max_iter: int,
    chunk_rows: int,
) -> None:
    if features.ndim != 2 or not features.is_floating_point():
        raise ValueError(
            f'features must be a floating point matrix (points, channels), '
            f'got {features.dtype} of shape {tuple(features.shape)}'
        )
    for name, value in (
        ('n_clusters', n_clusters),
        ('max_iter', max_iter),
        ('chunk_rows', chunk_rows),
    ):
        if value < 1:
            raise ValueError(f'{name} must be at least 1, got {value}')
    wished = (n_clusters, features.shape[1])
    if init is not None and tuple(init.shape) != wished:
        raise ValueError(
            f'init has shape {tuple(init.shape)}, but n_clusters and the '
            f'channels of features ask for {wished}'
        )
    if init is not None and not torch.isfinite(init).all():
        bad = (~torch.isfinite(init).all(1)).nonzero()[:, 0].tolist()
        raise ValueError(f'init has NaN or inf in rows {bad}')


def _check_points(
    features: Tensor, n_clusters: int, ranks: Ranks, chunk_rows: int
) -> None:
    """Raise on all ranks if the points of any rank cannot be clustered."""
    bad, names = first_bad_rows(features, chunk_rows)
    facts = torch.tensor(
        [len(features), bad], dtype=torch.float64, device=features.device
    )
    total, all_bad = (round(f) for f in ranks.sum(facts)[0].tolist())
    if all_bad:
        rows = ', '.join(map(str, names)) or 'of another rank'
        raise ValueError(
            f'{all_bad} of {total} points have NaN or inf features, among '
            f'them rows {rows}; leave them out or check what made them'
        )
    if total < n_clusters:
        raise ValueError(
            f'{total} points cannot fill {n_clusters} clusters; lower '
            f'n_clusters to {total} or add points'
        )
