"""Two ranks give what one rank gives, whatever the shards are."""

import pytest
import torch
import torch.distributed as dist

from mmseg_usrn.clustering import balanced_kmeans, cluster_classes
from mmseg_usrn.clustering.band import Nearest, near_boundary
from mmseg_usrn.clustering.distributed import Ranks

CUTS = [150, 301, 0, 400]  # rank 0 has so many of 400 points


def make_groups():
    """Five separate groups of 80 points in random order."""
    generator = torch.Generator().manual_seed(0)
    centers = 20 * torch.randn(5, 6, generator=generator)
    points = centers.repeat(80, 1)
    return points + torch.randn(points.shape, generator=generator)


def cluster_shards(folder):
    """On every rank: cluster all shards and write the results."""
    rank, points = dist.get_rank(), make_groups()
    classes = torch.arange(400) % 3
    results = []
    for cut in CUTS:
        shard = slice(0, cut) if rank == 0 else slice(cut, 400)
        one = balanced_kmeans(points[shard], 5)
        odd = balanced_kmeans(points[shard], 7)
        per_class = cluster_classes(points[shard], classes[shard], [5, 5, 1])
        results.append((vars(one), vars(odd), vars(per_class)))
    torch.save(results, f'{folder}/{rank}.pt')
    if rank == 0:
        points[3] = torch.nan
    with pytest.raises(ValueError, match='1 of 800 points'):
        balanced_kmeans(points, 5)
    with pytest.raises(ValueError, match='1 of 268 points'):
        cluster_classes(points, classes, [5, 5, 1])


class SameOnAll(Ranks):
    """As if every rank had the same numbers."""

    def __init__(self, size):
        super().__init__()
        self.size = size

    def sum(self, *tensors):
        return [self.size * tensor for tensor in tensors]


def test_band_does_not_grow_with_the_ranks():
    generator = torch.Generator().manual_seed(0)
    labels, rivals = torch.randint(8, (2, 4000), generator=generator)
    margins = torch.rand(4000, generator=generator)
    chosen = near_boundary(
        Nearest(labels, rivals, margins), 1600, 8, SameOnAll(4), 16_000
    )
    assert 1600 <= 4 * chosen.sum() <= 2 * 1600


@pytest.mark.slow
def test_two_ranks(tmp_path, run_ranks):
    run_ranks(cluster_shards, tmp_path)
    alone = balanced_kmeans(make_groups(), 5)
    classes = cluster_classes(make_groups(), torch.arange(400) % 3, [5, 5, 1])
    shards = [torch.load(tmp_path / f'{rank}.pt') for rank in range(2)]
    for first, second in zip(*shards, strict=True):
        labels = torch.cat([first[0]['labels'], second[0]['labels']])
        assert torch.equal(labels, alone.labels)
        assert first[0]['inertia'] == pytest.approx(alone.inertia, rel=1e-5)
        odd = torch.cat([first[1]['labels'], second[1]['labels']])
        sizes = torch.bincount(odd, minlength=7)
        assert sizes.max() - sizes.min() <= 1
        for a, b in zip(first[:2], second[:2], strict=True):
            assert torch.equal(a['centers'], b['centers'])
            assert torch.equal(a['prices'], b['prices'])
            assert a['gap'] == b['gap'] <= 1e-6
        parts = first[2]['subclasses'], second[2]['subclasses']
        assert torch.equal(torch.cat(parts), classes.subclasses)
        assert torch.equal(first[2]['sizes'], classes.sizes)
        assert torch.equal(first[2]['prototypes'], second[2]['prototypes'])
        assert torch.allclose(first[2]['prototypes'], classes.prototypes)
