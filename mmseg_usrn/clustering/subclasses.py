"""Subclasses: how many a class gets, and which points, with ids that last.

Large classes are split into more subclasses, so that all subclasses have
about the same number of points. In a training the points are labeled cells.

Shapes: ``P`` points of this rank, ``C`` channels, ``K`` classes, ``S``
subclasses. Subclass ids are consecutive: the subclasses of class 0 come
first, then those of class 1, and so on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from typing import Optional

import torch
import torch.distributed as dist
from torch import Tensor

from .balanced_kmeans import balanced_kmeans
from .distributed import Ranks
from .settings import DEFAULT, Settings
from .transport import match_centers


def resolve_subclasses(
    points_per_class: Sequence[int], wanted: int | Sequence[int]
) -> list[int]:
    """Take a total to apportion or an explicit list of subclasses.

    Args:
        points_per_class: K numbers of points.
        wanted: The total, or K numbers to check and return. A class without
            points may have subclasses; they stay empty.

    Raises:
        ValueError: If the list has the wrong length, or fewer than 1 or more
            than the points of a class.
    """
    if isinstance(wanted, int):
        return apportion_subclasses(points_per_class, wanted)
    if len(wanted) != len(points_per_class):
        raise ValueError(
            f'subclasses_per_class has {len(wanted)} entries for '
            f'{len(points_per_class)} classes'
        )
    for k, (p, s) in enumerate(zip(points_per_class, wanted, strict=True)):
        if s < (p > 0):
            raise ValueError(
                f'class {k} has {p} labeled cells and {s} subclasses; give '
                f'it at least 1'
            )
        if 0 < p < s:
            raise ValueError(
                f'class {k} has {p} labeled cells but {s} subclasses were '
                f'asked; lower num_subclasses or add images'
            )
    return list(wanted)


def apportion_subclasses(
    points_per_class: Sequence[int], num_subclasses: int
) -> list[int]:
    """Share a fixed number of subclasses in proportion to the points.

    Every class with points gets at least one subclass and at most one per
    point; the rest is shared by the largest remainder. Of equal remainders
    the first class wins.

    Args:
        points_per_class: K numbers of points, not negative.
        num_subclasses: Sum of the result.

    Returns:
        K numbers of subclasses; 0 for a class without points.

    Raises:
        ValueError: If no class has points, or ``num_subclasses`` is below
            the number of classes with points or above that of the points.
    """
    points = {k: p for k, p in enumerate(points_per_class) if p > 0}
    if not points:
        raise ValueError('no class has labeled cells; check the masks')
    if num_subclasses < len(points):
        raise ValueError(
            f'{num_subclasses} subclasses cannot cover {len(points)} classes '
            f'with labeled cells; set num_subclasses to {len(points)} or more'
        )
    if num_subclasses > sum(points.values()):
        raise ValueError(
            f'{num_subclasses} subclasses were asked of {sum(points.values())}'
            f' labeled cells; lower num_subclasses or add images'
        )
    counts = [0] * len(points_per_class)
    rest = num_subclasses
    while True:  # lift the smallest classes to 1, share the rest out anew
        total = sum(points.values())
        quotas = {k: Fraction(p * rest, total) for k, p in points.items()}
        small = [k for k, quota in quotas.items() if quota < 1]
        if not small:
            break
        for k in small:
            counts[k] = 1
            rest -= 1
            del points[k]
    for k, quota in quotas.items():
        counts[k] = int(quota)
        rest -= counts[k]
    by_remainder = sorted(quotas, key=lambda k: (counts[k] - quotas[k], k))
    for k in by_remainder[:rest]:
        counts[k] += 1
    return counts


@dataclass(frozen=True)
class ClassClusters:
    """Result of :func:`cluster_classes`.

    Attributes:
        subclasses: (P,) int64 subclass of every point of this rank, -1
            where the label is no class.
        prototypes: (S, C) float32 centres. Rows of classes without points
            are those of ``init_prototypes`` or NaN.
        prices: (S,) float64 prices, of mean 0 within each class.
        sizes: (S,) int64 points of all ranks.
        inertia: K sums of squared distances.
        gap: K certificates, see :class:`BalancedKMeansResult`.
        changed: Share of all points with a previous subclass that have
            another one now; None without ``previous_subclasses``.
    """

    subclasses: Tensor
    prototypes: Tensor
    prices: Tensor
    sizes: Tensor
    inertia: list[float]
    gap: list[float]
    changed: float | None


@torch.inference_mode(False)
@torch.no_grad()
def cluster_classes(
    features: Tensor,
    labels: Tensor,
    subclasses_per_class: Sequence[int],
    *,
    ids: Tensor | None = None,
    init_prototypes: Tensor | None = None,
    previous_subclasses: Tensor | None = None,
    max_iter: int = 10,
    tol: float = 5e-4,
    seed: int = 0,
    group: Optional['dist.ProcessGroup'] = None,
    settings: Settings = DEFAULT,
) -> ClassClusters:
    """Split every class into subclasses of equal size.

    Collective while ``torch.distributed`` is initialised, like
    :func:`balanced_kmeans`, which explains the arguments not named here.

    Args:
        features: (P, C) floating point features of this rank's points.
        labels: (P,) integer class of every point; values outside
            ``[0, K)``, such as 255, are left out.
        subclasses_per_class: K numbers of subclasses.
        ids: (P,) int64 numbers that no two points of a class share.
        init_prototypes: (S, C) prototypes of the last clustering. Classes
            whose rows are all finite start from them, and their new
            subclasses are matched to the old ones so that ids keep their
            meaning; the other classes start afresh.
        previous_subclasses: (P,) subclasses of these points at the last
            clustering, negative where unknown.
        max_iter: Iterations at most.
        tol: When to stop.
        seed: Seed of the random draws.
        group: Process group.
        settings: What needs no tuning.

    Raises:
        ValueError: If shapes do not fit, or subclasses outnumber points.
    """
    _check_shapes(features, labels, subclasses_per_class, init_prototypes)
    ranks, num_classes = Ranks(group), len(subclasses_per_class)
    kept = labels[(labels >= 0) & (labels < num_classes)].long()
    (points,) = ranks.sum(torch.bincount(kept, minlength=num_classes))
    resolve_subclasses(points.tolist(), subclasses_per_class)
    ends = list(accumulate(subclasses_per_class, initial=0))
    found = _nothing(features, ends[-1], num_classes, init_prototypes)
    for label in points.nonzero()[:, 0].tolist():
        _cluster_class(
            found,
            features,
            labels,
            label,
            slice(ends[label], ends[label + 1]),
            ids,
            max_iter=max_iter,
            tol=tol,
            seed=seed + label,
            group=group,
            settings=settings,
        )
    return _finish(found, previous_subclasses, ranks)


def _cluster_class(
    found: ClassClusters,
    features: Tensor,
    labels: Tensor,
    label: int,
    span: slice,
    ids: Tensor | None,
    **arguments,
) -> None:
    """Cluster a class and write it into its ``span`` of the result."""
    index = (labels == label).nonzero()[:, 0]
    old = found.prototypes[span]
    warm = bool(torch.isfinite(old).all())
    result = balanced_kmeans(
        features[index],
        len(old),
        ids=None if ids is None else ids[index],
        init=old if warm else None,
        **arguments,
    )
    order = torch.arange(len(old), device=index.device)
    if warm:
        order = match_centers(old, result.centers)
    found.subclasses[index] = span.start + order[result.labels]
    found.prototypes[span.start + order] = result.centers
    found.prices[span.start + order] = result.prices
    found.inertia[label] = result.inertia
    found.gap[label] = result.gap


def _nothing(
    features: Tensor, num_subclasses: int, num_classes: int, old: Tensor | None
) -> ClassClusters:
    """The result before any class is clustered."""
    shape, device = (num_subclasses, features.shape[1]), features.device
    if old is None:
        old = torch.full(shape, torch.nan)
    return ClassClusters(
        subclasses=torch.full((len(features),), -1, device=device),
        prototypes=old.to(device, torch.float32, copy=True),
        prices=torch.zeros(shape[0], dtype=torch.float64, device=device),
        sizes=torch.zeros(shape[0], dtype=torch.int64, device=device),
        inertia=[0.0] * num_classes,
        gap=[0.0] * num_classes,
        changed=None,
    )


def _finish(
    found: ClassClusters, previous: Tensor | None, ranks: Ranks
) -> ClassClusters:
    """Add what only all classes together tell."""
    now = found.subclasses
    known = now >= 0
    (sizes,) = ranks.sum(
        torch.bincount(now[known], minlength=len(found.sizes))
    )
    changed = None
    if previous is not None:
        known &= previous >= 0
        both = torch.stack([(known & (now != previous)).sum(), known.sum()])
        moved, total = ranks.sum(both)[0].tolist()
        changed = moved / max(total, 1)
    return replace(found, sizes=sizes, changed=changed)


def _check_shapes(
    features: Tensor,
    labels: Tensor,
    subclasses_per_class: Sequence[int],
    init: Tensor | None,
) -> None:
    if labels.shape != features.shape[:1]:
        raise ValueError(
            f'labels of shape {tuple(labels.shape)} do not fit features of '
            f'shape {tuple(features.shape)}; expected one label per row'
        )
    expected = (sum(subclasses_per_class), features.shape[1])
    if init is not None and tuple(init.shape) != expected:
        raise ValueError(
            f'init_prototypes has shape {tuple(init.shape)}, but subclasses '
            f'and channels ask for {expected}; pass None if they changed'
        )
