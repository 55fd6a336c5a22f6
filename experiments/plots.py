"""Figures of the results."""

from pathlib import Path
from statistics import mean

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402

from .masks_saved import Line  # noqa: E402


def plot_masks(panels: dict[str, dict[str, Line]], file: Path) -> None:
    """Draw IoU against the number of masks, a line for each contender.

    Args:
        panels: IoU in percent by title and contender; the second half
            stands below the first where there are more than two.
        file: The picture.
    """
    rows = 1 if len(panels) <= 2 else 2
    columns = len(panels) // rows
    size = (9, 3.5) if rows == 1 else (3.2 * columns, 5.5)
    figure, grid = plt.subplots(
        rows, columns, figsize=size, layout='constrained', squeeze=False
    )
    for axes, (title, contenders) in zip(
        grid.flat, panels.items(), strict=True
    ):
        for color, (name, line) in enumerate(contenders.items()):
            counts = sorted(line)
            style = dict(color=f'C{color}', label=name)
            axes.plot(counts, [mean(line[c]) for c in counts], 'o-', **style)
            for count in counts:
                dots = line[count]
                axes.plot([count] * len(dots), dots, '.', c=f'C{color}')
        ticks = sorted({c for line in contenders.values() for c in line})
        axes.set_xscale('log')
        axes.set_xticks(ticks, [str(count) for count in ticks])
        axes.minorticks_off()
        axes.set_xlabel('images with masks')
        axes.set_title(title, fontsize='medium')
        axes.grid(alpha=0.3)
    grid[0, 0].legend(fontsize='small')
    figure.savefig(file, dpi=100)
    plt.close(figure)
