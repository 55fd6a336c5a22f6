"""Figures of the report.

Letters: ``K`` classes. The figures are small enough to be read on a phone.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .run_record import Series

CURVES = {
    'Losses': 'loss',
    'Gate and kept pseudo labels, share of pixels': 'ratio',
    'Validation, %': 'mIoU',
    'Learning rate': 'lr',
}
"""Titles, and what the names of their curves contain."""

_NAMED = 40
"""Classes up to which a confusion matrix names them."""


def plot_curves(series: Series) -> dict[str, Figure]:
    """What is logged over the iterations.

    Args:
        series: Of the run.

    Returns:
        A figure for each of :data:`CURVES` that the run has logged.
    """
    figures = {}
    for title, part in CURVES.items():
        names = [name for name in series if _belongs(name, part)]
        if names:
            figures[title] = _plot({n: series[n] for n in names})
    return figures


def plot_shares(
    steps: Sequence[int], shares: Mapping[str, Sequence[float]]
) -> Figure:
    """Per cent of the pixels over the iterations.

    Args:
        steps: Iterations.
        shares: Per cent at each of them, by title, NaN where there is none.
    """
    known = {
        title: (list(steps), list(values))
        for title, values in shares.items()
        if not np.isnan(values).all()
    }
    figure = _plot(known)
    figure.axes[0].set_ylim(0, 100)
    return figure


def _belongs(name: str, part: str) -> bool:
    """Whether a curve belongs to the figure of a part of its name."""
    return name == part if part == 'lr' else part in name


def _plot(series: Series) -> Figure:
    figure = Figure(figsize=(4.6, 3.4), layout='constrained')
    axis = figure.subplots()
    for name, (steps, values) in series.items():
        line = axis.plot(steps, values, label=name, lw=1.4, clip_on=False)[0]
        if len(steps) < 15:
            line.set(marker='o', markersize=3)
    axis.set_xlabel('iteration')
    axis.set_ylim(bottom=0)
    axis.spines[['top', 'right']].set_visible(False)
    axis.grid(alpha=0.25)
    figure.legend(
        loc='outside lower center', ncols=2, fontsize=8, frameon=False
    )
    return figure


def plot_confusion(confusion: np.ndarray, classes: Sequence[str]) -> Figure:
    """Predicted classes of the pixels of each true class.

    Args:
        confusion: (K, K) pixels, true classes in rows.
        classes: ``K`` names.
    """
    count = len(classes)
    share = 100 * confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    side = min(12, 2.4 + 0.36 * count)
    figure = Figure(figsize=(side, side), layout='constrained')
    axis = figure.subplots()
    axis.imshow(share, cmap='Blues', vmin=0, vmax=100)
    axis.set_xlabel('predicted')
    axis.set_ylabel('true')
    if count <= _NAMED:
        axis.set_xticks(range(count), classes, rotation=90, fontsize=8)
        axis.set_yticks(range(count), classes, fontsize=8)
        for row, column in np.argwhere(share >= 0.5):
            value = share[row, column]
            axis.text(
                column,
                row,
                f'{value:.0f}',
                ha='center',
                va='center',
                fontsize=7,
                color='white' if value > 55 else 'black',
            )
    return figure


def plot_image_ious(ious: Sequence[float]) -> Figure:
    """How many images are predicted how well.

    Args:
        ious: Of every image, 0 to 1.
    """
    figure = Figure(figsize=(4.6, 2.8), layout='constrained')
    axis = figure.subplots()
    axis.hist(100 * np.array(ious), bins=np.arange(0, 101, 5).tolist())
    axis.set_xlim(0, 100)
    axis.set_xlabel('mean IoU of an image, %')
    axis.set_ylabel('images')
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    axis.spines[['top', 'right']].set_visible(False)
    return figure
