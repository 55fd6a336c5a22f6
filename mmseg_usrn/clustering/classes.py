"""Clustering every class into its subclasses, ids kept over time.

Shapes: ``P`` pixels of this rank, ``C`` channels, ``K`` classes, ``S``
subclasses. Subclass ids are consecutive: the subclasses of class 0 come
first, then those of class 1, and so on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Optional

import torch
from torch import Tensor

from .apportion import check_subclasses
from .balanced_kmeans import cluster_points
from .points import CACHED_NUMBERS
from .ranks import Ranks
from .transport import assign_exactly

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup

MOST_LANES = 16  # classes side by side: each is a thread


@dataclass(frozen=True)
class ClassClusters:
    """Result of :func:`cluster_classes`.

    Attributes:
        subclasses: (P,) int64 subclass of every pixel of this rank, -1
            where the label is no class.
        prototypes: (S, C) float32 centres. Rows of classes without pixels
            are those of ``init_prototypes`` or NaN.
        prices: (S,) float64 prices, of mean 0 within each class.
        sizes: (S,) int64 pixels of all ranks.
        inertia: K sums of squared distances.
        gap: K certificates, see :class:`BalancedKMeansResult`.
        changed: Share of all pixels with a previous subclass that have
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
    init_prototypes: Tensor | None = None,
    previous_subclasses: Tensor | None = None,
    max_iter: int = 10,
    tol: float = 5e-4,
    seed: int = 0,
    group: Optional['ProcessGroup'] = None,
    chunk_rows: int = 8192,
) -> ClassClusters:
    """Split every class into subclasses of equal size.

    Small classes are clustered side by side, at most 16 of them: over several
    ranks their sums travel together. Each holds a copy of its pixels, up to
    256 MiB as float32 together. Collective while ``torch.distributed`` is
    initialised, like :func:`balanced_kmeans`.

    Args:
        features: (P, C) floating point features of this rank's pixels.
        labels: (P,) integer class of every pixel; values outside
            ``[0, K)``, such as 255, are left out.
        subclasses_per_class: K numbers of subclasses.
        init_prototypes: (S, C) prototypes of the last clustering. Classes
            whose rows are all finite start from them, and their new
            subclasses are matched to the old ones so that ids keep their
            meaning; the other classes start afresh.
        previous_subclasses: (P,) subclasses of these pixels at the last
            clustering, negative where unknown.
        max_iter: See :func:`balanced_kmeans`.
        tol: See :func:`balanced_kmeans`.
        seed: See :func:`balanced_kmeans`.
        group: See :func:`balanced_kmeans`.
        chunk_rows: See :func:`balanced_kmeans`.

    Raises:
        ValueError: If shapes do not fit, or a class has fewer pixels than
            subclasses.
    """
    num_classes, num_subclasses = _check_shapes(
        features, labels, subclasses_per_class, init_prototypes
    )
    ranks = Ranks(group)
    pixels = _count_pixels(labels, num_classes, ranks)
    check_subclasses(pixels, subclasses_per_class)
    prototypes = _old_prototypes(features, init_prototypes, num_subclasses)
    found = ClassClusters(
        subclasses=torch.full_like(labels, -1, dtype=torch.int64),
        prototypes=prototypes,
        prices=prototypes.new_zeros(num_subclasses, dtype=torch.float64),
        sizes=labels.new_zeros(num_subclasses, dtype=torch.int64),
        inertia=[0.0] * num_classes,
        gap=[0.0] * num_classes,
        changed=None,
    )
    ends = list(accumulate(subclasses_per_class, initial=0))
    settings = {'max_iter': max_iter, 'tol': tol, 'chunk_rows': chunk_rows}
    for batch in _batch_classes(pixels, features.shape[1]):
        jobs = [
            partial(
                _cluster_class,
                found,
                features,
                labels,
                label,
                slice(ends[label], ends[label + 1]),
                seed=seed + label,
                **settings,
            )
            for label in batch
        ]
        ranks.run_together(jobs)
    return _finish(found, previous_subclasses, ranks)


def _batch_classes(pixels: list[int], channels: int) -> Iterator[list[int]]:
    """Classes to cluster side by side: what fits into a cache of rows."""
    batch, numbers = [], 0
    for label, count in enumerate(pixels):
        if count == 0:
            continue
        full = numbers + count * channels > CACHED_NUMBERS
        if batch and (full or len(batch) == MOST_LANES):
            yield batch
            batch, numbers = [], 0
        batch.append(label)
        numbers += count * channels
    if batch:
        yield batch


@torch.no_grad()
def _cluster_class(
    found: ClassClusters,
    features: Tensor,
    labels: Tensor,
    label: int,
    span: slice,
    ranks: Ranks,
    **settings,
) -> None:
    """Cluster one class and write it into the tensors of all classes.

    Args:
        found: Where to write; the rows ``span`` hold the old prototypes.
        features: See :func:`cluster_classes`.
        labels: See :func:`cluster_classes`.
        label: Which class.
        span: Its subclasses.
        ranks: The ranks over which the pixels are spread.
        settings: Of :func:`cluster_points`.
    """
    where = (labels == label).nonzero()[:, 0]
    old = found.prototypes[span]
    warm = bool(torch.isfinite(old).all())
    result = cluster_points(
        features[where],
        len(old),
        ranks,
        init=old if warm else None,
        **settings,
    )
    order = torch.arange(len(old), device=where.device)
    if warm:
        order = match_centers(old, result.centers)
    found.subclasses[where] = span.start + order[result.labels]
    found.prototypes[span.start + order] = result.centers
    found.prices[span.start + order] = result.prices
    found.inertia[label] = result.inertia
    found.gap[label] = result.gap


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


def _finish(
    found: ClassClusters, previous: Tensor | None, ranks: Ranks
) -> ClassClusters:
    now = found.subclasses
    known = now >= 0
    sizes = torch.bincount(now[known], minlength=len(found.sizes)).double()
    changed = None
    (sizes,) = ranks.sum(sizes)
    if previous is not None:
        known &= previous >= 0
        both = torch.stack([(known & (now != previous)).sum(), known.sum()])
        moved, total = ranks.sum(both.double())[0].tolist()
        changed = moved / max(total, 1.0)
    return replace(found, sizes=sizes.long(), changed=changed)


def _count_pixels(labels: Tensor, num_classes: int, ranks: Ranks) -> list[int]:
    kept = labels[(labels >= 0) & (labels < num_classes)].long()
    counts = torch.bincount(kept, minlength=num_classes).double()
    return [round(c) for c in ranks.sum(counts)[0].tolist()]


def _old_prototypes(
    features: Tensor, init: Tensor | None, num_subclasses: int
) -> Tensor:
    if init is not None:
        return init.to(features.device, torch.float32, copy=True)
    shape = (num_subclasses, features.shape[1])
    return torch.full(shape, torch.nan, device=features.device)


def _check_shapes(
    features: Tensor,
    labels: Tensor,
    subclasses_per_class: Sequence[int],
    init: Tensor | None,
) -> tuple[int, int]:
    total = sum(subclasses_per_class)
    if labels.shape != features.shape[:1]:
        raise ValueError(
            f'labels of shape {tuple(labels.shape)} do not fit features of '
            f'shape {tuple(features.shape)}; expected one label per row'
        )
    wished = (total, features.shape[1])
    if init is not None and tuple(init.shape) != wished:
        raise ValueError(
            f'init_prototypes has shape {tuple(init.shape)}, but the '
            f'subclasses and channels ask for {wished}; pass None after '
            f'subclasses_per_class has changed'
        )
    return len(subclasses_per_class), total
