"""Figures of the results."""

from pathlib import Path
from statistics import mean

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402


def plot_masks(
    points: dict[str, dict[int, tuple[list, list]]], file: Path
) -> None:
    """Draw IoU against the number of masks, a line for each contender.

    Args:
        points: By contender and number of masks, mIoU and IoU of the rare
            classes in percent, a value a seed.
        file: The picture.
    """
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.5), layout='constrained')
    titles = ('mIoU on test, %', 'rare classes, %')
    ticks = sorted({count for line in points.values() for count in line})
    for part, (axes, title) in enumerate(zip(panels, titles, strict=True)):
        for color, (name, line) in enumerate(points.items()):
            counts = sorted(line)
            values = [line[count][part] for count in counts]
            style = dict(color=f'C{color}', label=name)
            axes.plot(counts, [mean(v) for v in values], 'o-', **style)
            for count, dots in zip(counts, values, strict=True):
                axes.plot([count] * len(dots), dots, '.', c=f'C{color}')
        axes.set_xscale('log')
        axes.set_xticks(ticks, [str(count) for count in ticks])
        axes.minorticks_off()
        axes.set_xlabel('images with masks')
        axes.set_title(title, fontsize='medium')
        axes.grid(alpha=0.3)
    panels[0].legend(fontsize='small')
    figure.savefig(file, dpi=100)
    plt.close(figure)
