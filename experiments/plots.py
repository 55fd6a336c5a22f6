"""Plots of :mod:`report` and :mod:`analyse_pseudo_labels`."""

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402

NAMES = {
    'off': 'without gate',
    'entropy': "with the paper's gate",
    'dropped': "dropped by the paper's gate",
    'renormalize': 'with the gate that normalises again',
    'subclass': 'of the subclass branch',
}


def plot_results(
    results: dict[tuple[str, str], list[float]], file: Path
) -> None:
    """Draw the mIoU of every row, a dot per seed and a line at the mean.

    Args:
        results: mIoU of the seeds in percent, by the share of labeled images
            and the contender, which has the same colour in all its rows.
        file: The picture.
    """
    figure, axes = plt.subplots(figsize=(8, 0.8 + 0.3 * len(results)))
    contenders = list(dict.fromkeys(name for _, name in results))
    for place, ((_, name), values) in enumerate(results.items()):
        color = f'C{contenders.index(name)}'
        axes.plot(values, [place] * len(values), 'o', alpha=0.6, color=color)
        axes.plot([np.mean(values)] * 2, [place - 0.3, place + 0.3], 'k')
    axes.set_yticks(range(len(results)), [' '.join(key) for key in results])
    axes.invert_yaxis()
    axes.grid(axis='x', alpha=0.3)
    axes.set_xlabel('mIoU on test in %, a dot per seed, the mean as line')
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    plt.close(figure)


def plot_histograms(summary: dict, folder: Path) -> None:
    """Share of each class among the labels against the truth.

    Args:
        summary: Result of :func:`analyse_pseudo_labels.summarise`.
        folder: ``class_histogram.png`` is written here.
    """
    bars = {'truth': summary['truth']}
    for name in NAMES:
        if name in summary:
            bars[NAMES[name]] = summary[name]['histogram']
    places = np.arange(len(summary['classes']))
    width = 0.8 / len(bars)
    figure, axes = plt.subplots(figsize=(9, 4), layout='constrained')
    for i, (name, shares) in enumerate(bars.items()):
        axes.bar(places + i * width, 100 * np.array(shares), width, label=name)
    axes.set_xticks(places + 0.4, summary['classes'], rotation=45, ha='right')
    axes.set_yscale('log')
    axes.set_ylabel('share of the labels in %')
    _save(figure, axes, folder / 'class_histogram.png')


def plot_course(course: dict[str, dict], folder: Path) -> None:
    """Coverage and accuracy of several checkpoints.

    Args:
        course: Summaries by checkpoint name, which ends with the iteration.
        folder: ``course.png`` is written here.
    """
    iterations = [int(name.rpartition('_')[2]) for name in course]
    keys = ('coverage', 'accuracy', 'rare_coverage', 'rare_accuracy')
    # Larger first, so that equal values do not hide each other.
    sizes = np.linspace(12, 4, len(NAMES))
    figure, grid = plt.subplots(
        2, 2, figsize=(9, 6), sharex=True, layout='constrained'
    )
    for key, axes in zip(keys, grid.flat, strict=True):
        for size, (name, title) in zip(sizes, NAMES.items(), strict=True):
            values = [s[name][key] for s in course.values() if name in s]
            if len(values) == len(iterations):
                values = [np.nan if v is None else 100 * v for v in values]
                axes.plot(
                    iterations,
                    values,
                    marker='o',
                    markersize=size,
                    label=title,
                )
        axes.set_ylabel(f'{key.replace("_", " ")} in %')
    for axes in grid[1]:
        axes.set_xlabel('iteration')
    _save(figure, grid[0, 0], folder / 'course.png')


def _save(figure, axes, path: Path) -> None:
    figure.legend(
        *axes.get_legend_handles_labels(), loc='outside upper center', ncols=3
    )
    figure.savefig(path, dpi=120)
    plt.close(figure)
