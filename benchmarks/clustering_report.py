"""Tables, plot and toy picture from the measurements of clustering.py."""

import json
import statistics
from collections import defaultdict
from pathlib import Path

import matplotlib

matplotlib.use('Agg')
import matplotlib.pyplot as plt
import torch

COLOURS = {
    'ours': 'tab:blue',
    'ours, converged': 'tab:cyan',
    'k-means-constrained': 'tab:red',
    'scikit-learn, unbalanced': 'tab:gray',
}

DRAWN = ('kmc32', 'kmc121', 'unconstrained')


def write_report(measurements: Path, images: Path) -> None:
    """Print Markdown tables and draw the pictures.

    Args:
        measurements: File of JSON lines.
        images: Folder of the pictures.
    """
    rows = [json.loads(line) for line in measurements.open()]
    groups = group_rows(rows)
    print(peer_table(groups))
    print(scaling_table(groups))
    print(converged_table(rows))
    for row in rows:
        if row['part'] in ('ranks', 'memory', 'voc'):
            print(row)
    images.mkdir(parents=True, exist_ok=True)
    draw_peers(groups, images / 'clustering_benchmark.png')
    draw_toy(images / 'clustering_toy.png')


def group_rows(rows: list[dict]) -> dict[tuple, dict]:
    """Medians over the seeds per part, data, N, K and contender."""
    groups = defaultdict(list)
    for row in rows:
        if 'sse' in row and row['part'] != 'converged':
            key = row['part'], row['kind'], row['N'], row['K'], row['name']
            groups[key].append(row)
    return {
        key: {
            'seconds': statistics.median(r['seconds'] for r in group),
            'sse': statistics.median(r['sse'] for r in group),
            'sizes': (
                min(r['smallest'] for r in group),
                max(r['largest'] for r in group),
            ),
            'seeds': len(group),
        }
        for key, group in groups.items()
    }


def peer_table(groups: dict[tuple, dict]) -> str:
    """Every contender beside ours."""
    lines = [
        '| data | N | K | contender | CPU s | ours is faster | SSE | '
        'SSE of ours | sizes | seeds |',
        '|---|---|---|---|---|---|---|---|---|---|',
    ]
    for (part, kind, number, k, name), row in groups.items():
        if part == 'scaling':
            continue
        ours = groups[part, kind, number, k, 'ours']
        faster = row['seconds'] / ours['seconds']
        more = 100 * (ours['sse'] / row['sse'] - 1)
        low, high = row['sizes']
        lines.append(
            f'| {kind} | {number:,} | {k} | {name} | {row["seconds"]:.2f} | '
            f'{faster:.1f}x | {row["sse"]:,.0f} | {more:+.2f} % | '
            f'{low}-{high} | {row["seeds"]} |'
        )
    return '\n'.join(lines) + '\n'


def scaling_table(groups: dict[tuple, dict]) -> str:
    """CPU seconds of ours over N and K."""
    times = {
        key[2:4]: row['seconds']
        for key, row in groups.items()
        if key[0] == 'scaling'
    }
    clusters = sorted({k for _, k in times})
    lines = [
        '| N | ' + ' | '.join(f'K = {k}' for k in clusters) + ' |',
        '|---' * (len(clusters) + 1) + '|',
    ]
    for number in sorted({n for n, _ in times}):
        cells = [
            f'{times[number, k]:.1f} s' if (number, k) in times else ''
            for k in clusters
        ]
        lines.append(f'| {number:,} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def converged_table(rows: list[dict]) -> str:
    """SSE at convergence beside k-means-constrained, per data set."""
    found = defaultdict(dict)
    for row in rows:
        if row['part'] == 'converged':
            found[row['kind'], row['seed']][row['name']] = row
    lines = [
        '| data set | ours | k-means-constrained | difference | CPU s |',
        '|---|---|---|---|---|',
    ]
    not_above = 0
    for (kind, seed), pair in found.items():
        if len(pair) < 2:
            continue
        ours, peer = pair['ours, converged'], pair['k-means-constrained']
        not_above += ours['sse'] <= peer['sse']
        more = 100 * (ours['sse'] / peer['sse'] - 1)
        lines.append(
            f'| {kind} {seed} | {ours["sse"]:,.0f} | {peer["sse"]:,.0f} | '
            f'{more:+.2f} % | {ours["seconds"]:.2f} / '
            f'{peer["seconds"]:.2f} |'
        )
    lines.append(f'\nNot above on {not_above} of {len(found)} data sets.')
    return '\n'.join(lines) + '\n'


def draw_peers(groups: dict[tuple, dict], file: Path) -> None:
    """Time against SSE; the area of a bubble shows the imbalance.

    Without the hard data, whose table says what is to be said.
    """
    groups = {key: row for key, row in groups.items() if key[0] in DRAWN}
    panels = sorted({key[1:4] for key in groups})
    columns = max(1, (len(panels) + 1) // 2)
    figure, axes = plt.subplots(
        2, columns, figsize=(3.2 * columns, 6), squeeze=False
    )
    for axis, panel in zip(axes.flat, panels, strict=False):
        for key, row in groups.items():
            if key[1:4] != panel:
                continue
            low, high = row['sizes']
            area = 40 + 12 * min(60, high / max(low, 1) - 1)
            axis.scatter(
                row['seconds'],
                row['sse'],
                s=area,
                color=COLOURS[key[4]],
                alpha=0.7,
                label=key[4],
            )
        axis.set_xscale('log')
        axis.set_xlim(0.1, 300)
        axis.margins(y=0.3)
        axis.set_title(f'{panel[0]}, {panel[1]:,} points, K = {panel[2]}')
        axis.title.set_fontsize(9)
        axis.set_xlabel('CPU seconds')
        axis.set_ylabel('sum of squares')
    for axis in axes.flat[len(panels) :]:
        axis.axis('off')
    handles = {
        label: handle
        for axis in axes.flat
        for handle, label in zip(
            *axis.get_legend_handles_labels(), strict=True
        )
    }
    legend = figure.legend(
        handles.values(), handles.keys(), loc='lower center', ncols=4
    )
    for handle in legend.legend_handles:
        handle.set_sizes([40])
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(file, dpi=110)
    plt.close(figure)


def draw_toy(file: Path) -> None:
    """Balanced beside ordinary k-means on points of the plane."""
    from sklearn.cluster import KMeans

    from mmseg_usrn.clustering import balanced_kmeans

    generator = torch.Generator().manual_seed(4)
    dense = 0.35 * torch.randn(900, 2, generator=generator)
    sparse = torch.randn(300, 2, generator=generator) * 1.6 + 2.0
    points = torch.cat([dense, sparse])
    ordinary = KMeans(8, n_init=4, random_state=0).fit(points.numpy())
    balanced = balanced_kmeans(points, 8, max_iter=100)
    grid = torch.cartesian_prod(
        torch.linspace(-2.5, 6.5, 300), torch.linspace(-3, 6.5, 300)
    )
    pictures = {
        'ordinary k-means': (
            torch.as_tensor(ordinary.labels_).long(),
            torch.as_tensor(ordinary.cluster_centers_).float(),
            torch.zeros(8),
        ),
        'balanced k-means': (
            balanced.labels,
            balanced.centers,
            balanced.prices.float(),
        ),
    }
    figure, axes = plt.subplots(1, 2, figsize=(9, 4.4))
    for axis, (title, (labels, centers, prices)) in zip(
        axes, pictures.items(), strict=True
    ):
        cells = torch.cdist(grid, centers).square() + prices
        axis.pcolormesh(
            grid[:, 0].view(300, 300),
            grid[:, 1].view(300, 300),
            cells.argmin(1).view(300, 300),
            cmap='Pastel2',
            vmin=0,
            vmax=7,
            rasterized=True,
        )
        axis.scatter(*points.T, s=3, c=labels, cmap='Dark2', vmin=0, vmax=7)
        sizes = torch.bincount(labels, minlength=8)
        axis.set_title(f'{title}: {sizes.min()} to {sizes.max()} points')
        axis.set_xlim(-2.5, 6.5)
        axis.set_ylim(-3, 6.5)
        axis.set_xticks([])
        axis.set_yticks([])
    figure.tight_layout()
    figure.savefig(file, dpi=100)
    plt.close(figure)
