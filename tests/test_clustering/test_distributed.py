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


def make_cells():
    """Cells of 12 images that form no groups, and their images."""
    generator = torch.Generator().manual_seed(1)
    cells = torch.randn(3000, 16, generator=generator).half()
    return cells, torch.arange(3000) // 250


def cluster_images(folder):
    """On every rank: cluster the cells of every so many-th image."""
    rank, size = dist.get_rank(), dist.get_world_size()
    cells, images = make_cells()
    own = (images % size == rank).nonzero()[:, 0]
    own = own.flip(0)  # the order does not matter either
    result = balanced_kmeans(cells[own], 24, ids=own)
    per_class = cluster_classes(
        cells[own], own % 3 // 2, [9, 4], ids=own
    ).subclasses
    torch.save((own, result.labels, per_class), f'{folder}/{size}{rank}.pt')


class SameOnAll(Ranks):
    """As if every rank had the same numbers."""

    def __init__(self, size):
        super().__init__()
        self.size = size

    def sum(self, *tensors):
        return [self.size * tensor for tensor in tensors]

    def gather(self, rows):
        return rows.repeat(self.size)


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


@pytest.mark.slow
def test_any_number_of_ranks_gives_the_same_labels(tmp_path, run_ranks):
    cells, _ = make_cells()
    ids = torch.arange(3000)
    expected = balanced_kmeans(cells, 24, ids=ids).labels
    per_class = cluster_classes(cells, ids % 3 // 2, [9, 4], ids=ids)
    for size in (2, 3):
        run_ranks(cluster_images, tmp_path, world_size=size)
        parts = [torch.load(tmp_path / f'{size}{r}.pt') for r in range(size)]
        own, labels, subclasses = map(torch.cat, zip(*parts, strict=True))
        assert torch.equal(labels, expected[own])
        assert torch.equal(subclasses, per_class.subclasses[own])
