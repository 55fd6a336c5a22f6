"""Subclasses by ordinary k-means, to compare balanced ones with.

A training that imports this module (``custom_imports``) clusters every class
with scikit-learn's ``KMeans`` instead of balanced k-means. One process only.
"""

from collections.abc import Sequence
from itertools import accumulate

import torch
from sklearn.cluster import KMeans
from torch import Tensor

from mmseg_usrn.clustering import ClassClusters
from mmseg_usrn.engine import reclustering


def cluster_classes(
    features: Tensor,
    labels: Tensor,
    subclasses_per_class: Sequence[int],
    *,
    init_prototypes: Tensor | None = None,
    previous_subclasses: Tensor | None = None,
    seed: int = 0,
) -> ClassClusters:
    """As the package's function of this name, but sizes are what they are.

    Args:
        features: (P, C) float features.
        labels: (P,) int64 classes.
        subclasses_per_class: ``K`` numbers of subclasses, sum ``S``.
        init_prototypes: (S, C) prototypes of the last clustering; the new
            ones start from them and keep their ids.
        previous_subclasses: (P,) subclasses at the last clustering.
        seed: Seed of the first centres, which are k-means++'s.
    """
    device = labels.device
    features, labels = features.cpu(), labels.cpu()
    ends = list(accumulate(subclasses_per_class, initial=0))
    subclasses = torch.full_like(labels, -1, dtype=torch.int64)
    prototypes = torch.full((ends[-1], features.shape[1]), torch.nan)
    inertia = []
    for label, count in enumerate(subclasses_per_class):
        where = (labels == label).nonzero()[:, 0]
        if len(where) == 0:
            inertia.append(0.0)
            continue
        span = slice(ends[label], ends[label + 1])
        init = 'k-means++'
        if init_prototypes is not None:
            init = init_prototypes[span].cpu().numpy()
        model = KMeans(count, init=init, n_init=1, random_state=seed)
        found = torch.from_numpy(model.fit_predict(features[where].numpy()))
        subclasses[where] = span.start + found.long()
        prototypes[span] = torch.from_numpy(model.cluster_centers_)
        inertia.append(model.inertia_)
    changed = None
    if previous_subclasses is not None:
        previous = previous_subclasses.cpu()
        known = (subclasses >= 0) & (previous >= 0)
        moved = subclasses != previous
        changed = moved[known].float().mean().item()
    sizes = torch.bincount(subclasses[subclasses >= 0], minlength=ends[-1])
    return ClassClusters(
        subclasses=subclasses.to(device),
        prototypes=prototypes.to(device),
        prices=torch.zeros(ends[-1], dtype=torch.float64, device=device),
        sizes=sizes.to(device),
        inertia=inertia,
        gap=[0.0] * len(inertia),
        changed=changed,
    )


reclustering.cluster_classes = cluster_classes
