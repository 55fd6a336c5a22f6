"""Measure balanced k-means against its peers.

    python benchmarks/clustering.py run kmc32 unconstrained scaling
    python benchmarks/clustering.py report

`run` appends one line of JSON per measurement to a file, so that a long run
may be interrupted; `report` makes the tables, the plot and the toy picture
from it. Times are CPU seconds of this process with one thread. Contenders of
one row take turns on the same data, seed after seed. Needs scikit-learn,
k-means-constrained and matplotlib.

Shapes: ``P`` points, ``C`` = 256 channels, ``K`` clusters.
"""

import argparse
import json
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from clustering_data import CHANNELS, make_data
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

# The VOC 1/32 split has about 980k pixels at stride 8, 700k of them
# background; 177 subclasses in all.
VOC_PIXELS = [700_000] + [14_000] * 20


def ours(points: Tensor, num_clusters: int, seed: int, **settings) -> Tensor:
    """Labels of this project."""
    from mmseg_usrn.clustering import balanced_kmeans

    result = balanced_kmeans(points, num_clusters, seed=seed, **settings)
    assert result.gap <= 1e-6, result.gap
    return result.labels.cpu()


def ours_converged(points: Tensor, num_clusters: int, seed: int) -> Tensor:
    """Labels of this project after iterations until nothing changes."""
    return ours(points, num_clusters, seed, max_iter=300, tol=1e-6)


def constrained(points: Tensor, num_clusters: int, seed: int) -> Tensor:
    """Labels of k-means-constrained: exact min-cost flow."""
    from k_means_constrained import KMeansConstrained

    model = KMeansConstrained(
        num_clusters,
        size_min=len(points) // num_clusters,
        size_max=-(-len(points) // num_clusters),
        n_init=1,
        random_state=seed,
    )
    return torch.as_tensor(model.fit_predict(points.numpy())).long()


def unconstrained(points: Tensor, num_clusters: int, seed: int) -> Tensor:
    """Labels of scikit-learn's KMeans, which does not balance."""
    from sklearn.cluster import KMeans

    model = KMeans(num_clusters, n_init=1, random_state=seed)
    return torch.as_tensor(model.fit_predict(points.numpy())).long()


CONTENDERS: dict[str, Callable[[Tensor, int, int], Tensor]] = {
    'ours': ours,
    'ours, converged': ours_converged,
    'k-means-constrained': constrained,
    'scikit-learn, unbalanced': unconstrained,
}
OURS, LONG, KMC, SKLEARN = CONTENDERS
Job = tuple[str, int, int, list[str], list[int]]
SEEDS = [0, 1, 2]
PARTS: dict[str, list[Job]] = {
    'kmc32': [
        (kind, 20_000, 32, [OURS, KMC, SKLEARN], SEEDS)
        for kind in ('gmm', 'img')
    ],
    'kmc121': [
        (kind, 20_000, 121, [OURS, KMC, SKLEARN], SEEDS)
        for kind in ('gmm', 'img')
    ],
    'unconstrained': [
        (kind, 100_000, k, [OURS, SKLEARN], SEEDS)
        for k in (32, 121)
        for kind in ('gmm', 'img')
    ],
    'hard': [
        (kind, 50_000, 121, [OURS, SKLEARN], [0])
        for kind in (
            'gmm, 500 distinct',
            'gmm, 60 % zeros',
            'gmm, outliers',
        )
    ]
    + [
        ('gmm', 50_000, 500, [OURS, SKLEARN], [0]),
        ('camvid', 100_000, 88, [OURS, SKLEARN], [0]),
    ],
    'distinct': [('gmm, 500 distinct', 50_000, 121, [OURS, KMC], [0])],
    'many': [('gmm', 200_000, 1200, [OURS], [0])],
    'scaling': [
        ('gmm', n, k, [OURS], [0])
        for n in (20_000, 100_000, 300_000, 700_000)
        for k in (8, 32, 121)
    ],
    'converged': [
        (kind, 3_000, 16, [LONG, KMC], [data])
        for kind in ('gmm', 'img')
        for data in range(5)
    ],
}


def measure(name: str, points: Tensor, num_clusters: int, seed: int) -> dict:
    """Run one contender; CPU seconds, SSE to the means and sizes."""
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        labels = CONTENDERS[name](points, num_clusters, seed)
    seconds = time.process_time() - start
    sizes = torch.bincount(labels, minlength=num_clusters)
    sums = torch.zeros(num_clusters, points.shape[1])
    sums.index_add_(0, labels, points)
    means = sums / sizes.clamp_min(1)[:, None]
    sse = sum(
        (rows - means[label]).square().sum(dtype=torch.float64).item()
        for rows, label in zip(
            points.split(8192), labels.split(8192), strict=True
        )
    )
    return {
        'name': name,
        'seconds': seconds,
        'sse': sse,
        'smallest': sizes.min().item(),
        'largest': sizes.max().item(),
    }


def run_part(part: str, out: Path, most_seeds: int) -> None:
    """Measure all jobs of a part, contenders in turn."""
    torch.set_num_threads(1)
    warm_up = make_data('gmm', 2000)
    for name in {name for job in PARTS[part] for name in job[3]}:
        measure(name, warm_up, 4, 0)  # imports it
    for kind, number, k, names, seeds in PARTS[part]:
        for seed in seeds[:most_seeds]:
            data_seed = seed if part == 'converged' else 0
            points = make_data(kind, number, data_seed)
            for name in names:
                row = measure(name, points, k, seed)
                row |= dict(part=part, kind=kind, N=len(points), K=k)
                row |= dict(seed=seed)
                write_row(row, out)


def run_large(part: str, out: Path, device: str) -> None:
    """Measure 700k points or a whole VOC split, with the peak memory.

    Runs in a process of its own, because memory is a process's peak.
    """
    from mmseg_usrn.clustering import (
        apportion_subclasses,
        balanced_kmeans,
        cluster_classes,
    )

    torch.set_num_threads(1)
    number = 700_000 if part == 'memory' else sum(VOC_PIXELS)
    points = torch.empty(number, CHANNELS, dtype=torch.float16)
    for index, rows in enumerate(points.split(100_000)):
        rows.copy_(make_data('gmm', len(rows), part=index))
    make_data.cache_clear()
    points = points.to(device)
    balanced_kmeans(points[:5000], 121)  # warms up
    clock = time.process_time if device == 'cpu' else time.perf_counter
    start = clock()
    if part == 'memory':
        result = balanced_kmeans(points, 121)
        labels, num_clusters, gap = result.labels, 121, result.gap
        spread = [torch.bincount(labels, minlength=num_clusters)]
    else:
        counts = apportion_subclasses(VOC_PIXELS, 177)
        classes = torch.arange(21).repeat_interleave(torch.tensor(VOC_PIXELS))
        found = cluster_classes(points, classes.to(device), counts)
        gap = max(found.gap)
        spread = list(found.sizes.split(counts))
    row = dict(
        part=part,
        device=device,
        N=number,
        seconds=clock() - start,
        gap=gap,
        largest_difference=max((s.max() - s.min()).item() for s in spread),
        peak_gb=peak_memory(device),
    )
    write_row(row, out)


def run_ranks(out: Path, num_ranks: int = 2) -> None:
    """Twenty small classes over two processes."""
    torch.multiprocessing.spawn(_run_rank, (num_ranks, out), num_ranks)


def _run_rank(rank: int, num_ranks: int, out: Path) -> None:
    from mmseg_usrn.clustering import cluster_classes

    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        'gloo',
        init_method=f'file://{out.resolve()}.store',
        rank=rank,
        world_size=num_ranks,
    )
    share = 14_000 // num_ranks
    shards = [
        make_data('gmm', 14_000, part=part)[rank * share :][:share].half()
        for part in range(20)
    ]
    points = torch.cat(shards)
    labels = torch.arange(20).repeat_interleave(share)
    all_reduce, calls = torch.distributed.all_reduce, []

    def count(*args, **kwargs):
        calls.append(1)
        return all_reduce(*args, **kwargs)

    torch.distributed.all_reduce = count
    for _ in range(2):  # the first one warms up
        calls.clear()
        torch.distributed.barrier()
        start = time.perf_counter()
        cluster_classes(points, labels, [2, 3] * 10)
        seconds = time.perf_counter() - start
    if rank == 0:
        row = dict(part='ranks', ranks=num_ranks, calls=len(calls))
        write_row(row | dict(seconds=seconds), out)
    torch.distributed.destroy_process_group()
    Path(f'{out.resolve()}.store').unlink(missing_ok=True)


def peak_memory(device: str) -> float:
    """Most memory of a device that this process held, in GB (Linux).

    ``getrusage`` would tell that of the process it was forked from, if that
    was more.
    """
    if device != 'cpu':
        return torch.cuda.max_memory_allocated(device) / 1e9
    status = Path('/proc/self/status').read_text()
    return int(re.search(r'VmHWM:\s+(\d+) kB', status)[1]) / 1e6


def write_row(row: dict, out: Path) -> None:
    """Append one measurement to the file and show it."""
    row = {k: round(v, 4) if k == 'seconds' else v for k, v in row.items()}
    with out.open('a') as file:
        file.write(json.dumps(row) + '\n')
    print(json.dumps(row), flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('action', choices=['run', 'report', 'large'])
    parser.add_argument('parts', nargs='*', help='default: all')
    parser.add_argument('--out', type=Path, default='clustering.jsonl')
    parser.add_argument('--device', default='cpu', help='for memory and voc')
    parser.add_argument('--seeds', type=int, default=3, help='at most')
    args = parser.parse_args()
    if args.action == 'report':
        from clustering_report import write_report

        write_report(args.out, ROOT / 'docs' / 'images')
        return
    if args.action == 'large':
        run_large(args.parts[0], args.out, args.device)
        return
    for part in args.parts or [*PARTS, 'ranks', 'memory', 'voc']:
        if part == 'ranks':
            run_ranks(args.out)
        elif part in PARTS:
            run_part(part, args.out, args.seeds)
        else:
            command = [sys.executable, __file__, 'large', part]
            command += ['--out', str(args.out), '--device', args.device]
            subprocess.run(command, check=True)


if __name__ == '__main__':
    main()
