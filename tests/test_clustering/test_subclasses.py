"""How many subclasses a class gets, and the clustering of all classes."""

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mmseg_usrn.clustering import (
    Settings,
    apportion_subclasses,
    balanced_kmeans,
    cluster_classes,
    match_centers,
    resolve_subclasses,
)


def make_classes(seed=0):
    """Three classes of 60, 7 and 0 pixels and 5 ignored pixels."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(72, 4, generator=generator)
    labels = torch.tensor([0] * 60 + [1] * 7 + [255] * 5)
    order = torch.randperm(72, generator=generator)
    return features[order], labels[order]


def test_ids_and_sizes():
    features, labels = make_classes()
    found = cluster_classes(features, labels, [4, 1, 2])
    assert found.sizes.tolist() == [15, 15, 15, 15, 7, 0, 0]
    assert (found.subclasses[labels == 255] == -1).all()
    assert (found.subclasses[labels == 1] == 4).all()
    assert found.subclasses[labels == 0].max() == 3
    mean = features[labels == 1].mean(0)
    assert torch.allclose(found.prototypes[4], mean, atol=1e-5)
    assert found.prototypes[5:].isnan().all()
    assert max(found.gap) <= 1e-6
    assert found.changed is None


def test_warm_start_keeps_ids():
    features, labels = make_classes()
    first = cluster_classes(features, labels, [4, 1, 2], max_iter=100, tol=0)
    moved = features + 0.01 * torch.randn(
        features.shape, generator=torch.Generator().manual_seed(1)
    )
    second = cluster_classes(
        moved,
        labels,
        [4, 1, 2],
        init_prototypes=first.prototypes,
        previous_subclasses=first.subclasses,
    )
    known = first.subclasses >= 0
    share = (first.subclasses != second.subclasses)[known].float().mean()
    assert second.changed == pytest.approx(share.item())
    assert second.changed < 0.3
    assert second.sizes.tolist() == first.sizes.tolist()


def test_old_prototypes_of_absent_classes_stay():
    features, labels = make_classes()
    old = torch.full((7, 4), torch.nan)
    old[5:] = 3
    found = cluster_classes(features, labels, [4, 1, 2], init_prototypes=old)
    assert found.prototypes[5:].eq(3).all()
    assert torch.isfinite(found.prototypes).all()


def test_match_by_hand():
    old = torch.tensor([[0.0, 0], [10, 0], [0, 10]])
    new = torch.tensor([[1.0, 9], [1, 1], [9, 1]])
    assert match_centers(old, new).tolist() == [2, 0, 1]


def test_refuses():
    features, labels = make_classes()
    with pytest.raises(ValueError, match='class 1 has 7 labeled cells but 8'):
        cluster_classes(features, labels, [4, 8, 0])
    with pytest.raises(ValueError, match='one label per row'):
        cluster_classes(features, labels[:-1], [4, 1, 0])
    with pytest.raises(ValueError, match='init_prototypes has shape'):
        cluster_classes(
            features, labels, [4, 1, 0], init_prototypes=torch.zeros(3, 4)
        )


def test_in_inference_mode():
    features, labels = make_classes()
    with torch.inference_mode():
        found = cluster_classes(features, labels, [4, 1, 0])
    assert torch.equal(
        found.subclasses,
        cluster_classes(features, labels, [4, 1, 0]).subclasses,
    )


def test_single_subclasses_are_means():
    """Together or by themselves: centre, sizes and inertia of a class."""
    generator = torch.Generator().manual_seed(0)
    features = 100 + torch.randn(300, 5, generator=generator)
    labels = torch.randint(0, 4, (300,), generator=generator)
    labels[labels == 2] = 255
    found = cluster_classes(
        features, labels, [1, 3, 0, 1], settings=Settings(chunk_rows=32)
    )
    for label, subclass in ((0, 0), (3, 4)):
        alone = balanced_kmeans(features[labels == label], 1)
        assert torch.allclose(found.prototypes[subclass], alone.centers[0])
        assert found.inertia[label] == pytest.approx(alone.inertia, rel=1e-5)
        assert (found.subclasses[labels == label] == subclass).all()
    features[labels == 3] = torch.nan
    with pytest.raises(ValueError, match='NaN or inf'):
        cluster_classes(features, labels, [1, 3, 0, 1])


@pytest.mark.parametrize(
    ('points', 'total', 'expected'),
    [
        ([50, 30, 20], 10, [5, 3, 2]),
        ([10, 10, 10], 4, [2, 1, 1]),  # equal remainders: the first class
        ([1000, 5, 0, 5], 10, [8, 1, 0, 1]),
        ([700, 50, 20, 0, 3], 12, [9, 1, 1, 0, 1]),
        ([1, 1, 98], 5, [1, 1, 3]),
        ([2, 2], 4, [2, 2]),
        ([34, 33, 33], 3, [1, 1, 1]),
    ],
)
def test_apportion_by_hand(points, total, expected):
    assert apportion_subclasses(points, total) == expected


@hypothesis_settings(max_examples=100, deadline=None)
@given(points=st.lists(st.integers(0, 10**6), min_size=1), data=st.data())
def test_apportion_properties(points, data):
    present = sum(p > 0 for p in points)
    if not present:
        return
    most = min(sum(points), present + 300)
    total = data.draw(st.integers(present, most))
    counts = apportion_subclasses(points, total)
    assert sum(counts) == total
    for p, s in zip(points, counts, strict=True):
        assert (s >= 1) == (p > 0)
        assert s <= p
    # A class with more points never gets fewer subclasses.
    ranked = sorted(zip(points, counts, strict=True))
    assert all(a[1] <= b[1] for a, b in zip(ranked, ranked[1:], strict=False))


def test_explicit_list_or_total():
    assert resolve_subclasses([9, 3, 0], [2, 1, 1]) == [2, 1, 1]
    assert resolve_subclasses([9, 3, 0], 4) == [3, 1, 0]


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: apportion_subclasses([5, 5], 1), 'cannot cover 2 classes'),
        (lambda: apportion_subclasses([2, 1], 4), '4 subclasses were asked'),
        (lambda: apportion_subclasses([0, 0], 4), 'no class has labeled'),
        (
            lambda: resolve_subclasses([5, 2], [1, 3]),
            'class 1 has 2 labeled cells',
        ),
        (lambda: resolve_subclasses([5, 2], [1, 0]), 'at least 1'),
        (lambda: resolve_subclasses([5, 2], [1]), '1 entries for 2 classes'),
    ],
)
def test_apportion_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
