"""Balanced k-means: clusters whose sizes differ by at most one."""

from dataclasses import dataclass
from typing import Optional

import torch
import torch.distributed as dist
from torch import Tensor

from .distributed import Points, Ranks, first_bad_rows
from .lloyd import SamplePricer, find_start, first_prices, refine
from .prices import Model
from .rounding import balance_exactly
from .settings import DEFAULT, Settings


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


@torch.no_grad()
def balanced_kmeans(
    features: Tensor,
    n_clusters: int,
    *,
    ids: Tensor | None = None,
    init: Tensor | None = None,
    max_iter: int = 10,
    tol: float = 5e-4,
    seed: int = 0,
    group: Optional['dist.ProcessGroup'] = None,
    settings: Settings = DEFAULT,
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
        ids: (P,) int64 numbers that no two points of all ranks share. The
            result then depends neither on the order of the points nor on
            how they are spread over the ranks. Default to their places,
            rank after rank.
        init: (n_clusters, C) centres to start from, equal on all ranks.
            None finds them on a sample of the points. Cluster ``k`` of the
            result continues row ``k``.
        max_iter: Iterations over all points at most. Results change little
            after the default; use 300 for convergence.
        tol: Stop once an iteration lowers the inertia by less than this
            share.
        seed: Seed of all random draws.
        group: Process group, None for the default group.
        settings: What needs no tuning, memory among it.

    Returns:
        Labels of this rank's points, centres, prices and a certificate.

    Raises:
        ValueError: If a rank's features are not a finite floating point
            matrix, if there are fewer points than clusters, or if ``init``
            does not fit.
    """
    _check_arguments(features, n_clusters, ids, init, max_iter)
    ranks = Ranks(group)
    _check_points(features, n_clusters, ranks, settings.chunk_rows)
    with torch.autocast(features.device.type, enabled=False):
        points = Points(features, ranks, settings, ids, seed)
        model, n_iter = _find_model(
            points, n_clusters, init, max_iter, tol, seed, settings
        )
        final = balance_exactly(points, model, settings)
        return BalancedKMeansResult(
            labels=final.labels,
            centers=points.denormalise(model.centers),
            prices=final.prices * points.scale**2,
            inertia=final.inertia * points.scale**2,
            n_iter=n_iter,
            gap=final.gap,
        )


def _find_model(
    points: Points,
    n_clusters: int,
    init: Tensor | None,
    max_iter: int,
    tol: float,
    seed: int,
    settings: Settings,
) -> tuple[Model, int]:
    """Centres and prices after the last iteration, and their number."""
    device = points.features.device
    if n_clusters == 1:  # the mean of normalised rows is 0
        centers = torch.zeros(1, points.features.shape[1], device=device)
        return Model(centers, centers.new_zeros(1).double()), 0
    most = max(settings.start_rows, settings.anneal_rows, settings.price_rows)
    sample = points.sample(most * n_clusters, settings.longest)
    price_rows = sample[: settings.price_rows * n_clusters]
    unit = 0.0
    if init is not None:
        centers = points.normalise(init.to(device))
        model, unit = first_prices(price_rows, centers, settings)
    elif points.total == n_clusters:
        price_rows = centers = points.sample(n_clusters)
        model = Model(centers, torch.zeros_like(centers[:, 0].double()))
    else:
        model, unit, _ = find_start(sample, n_clusters, seed, settings)
    temperature = max(settings.cold * unit, settings.coldest)
    pricer = SamplePricer(
        price_rows, n_clusters, points.total, temperature, settings
    )
    return refine(points, model, pricer, max_iter, tol)


def _check_arguments(
    features: Tensor,
    n_clusters: int,
    ids: Tensor | None,
    init: Tensor | None,
    max_iter: int,
) -> None:
    if features.ndim != 2 or not features.is_floating_point():
        raise ValueError(
            f'features must be a floating point matrix (points, channels), '
            f'got {features.dtype} of shape {tuple(features.shape)}'
        )
    for name, value in (('n_clusters', n_clusters), ('max_iter', max_iter)):
        if value < 1:
            raise ValueError(f'{name} must be at least 1, got {value}')
    if ids is not None and (
        ids.dtype != torch.int64 or ids.shape != features.shape[:1]
    ):
        raise ValueError(
            f'ids must be one int64 number per row of features, got '
            f'{ids.dtype} of shape {tuple(ids.shape)}'
        )
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
