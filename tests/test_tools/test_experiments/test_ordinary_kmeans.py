"""Ordinary k-means takes the place of balanced k-means."""

import importlib
import sys

import torch

from mmseg_usrn.engine import reclustering


def test_takes_the_place_and_does_not_balance(monkeypatch):
    balanced = reclustering.cluster_classes
    monkeypatch.setattr(reclustering, 'cluster_classes', balanced)
    monkeypatch.delitem(sys.modules, 'ordinary_kmeans', raising=False)
    importlib.import_module('ordinary_kmeans')
    ordinary = reclustering.cluster_classes
    assert ordinary is not balanced
    generator = torch.Generator().manual_seed(0)
    groups = torch.tensor([0, 50, 100]).repeat_interleave(
        torch.tensor([70, 20, 10])
    )
    features = torch.randn(100, 4, generator=generator) + groups[:, None]
    labels = (groups == 100).long()  # class 2 has no pixel
    counts = [2, 1, 1]
    first = ordinary(features, labels, counts)
    assert sorted(first.sizes.tolist()) == [0, 10, 20, 70]
    assert torch.equal(first.subclasses.unique(), torch.arange(3))
    means = [features[first.subclasses == s].mean(0) for s in range(3)]
    assert torch.allclose(first.prototypes[:3], torch.stack(means), atol=1e-4)
    again = ordinary(
        features,
        labels,
        counts,
        init_prototypes=first.prototypes,
        previous_subclasses=first.subclasses,
    )
    assert again.changed == 0
    assert balanced(features, labels, counts).sizes.tolist() == [45, 45, 10, 0]
