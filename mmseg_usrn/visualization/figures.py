"""Figures made of pictures and bars.

Letters: ``K`` classes, ``S`` subclasses. The figures are objects of their own
and touch no global state of matplotlib; save them with ``savefig``.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from .colors import Palette, subclass_palette

_GRAY = '#555555'
_SIDE = 1.75  # inches of a picture's width


# Names of files and classes may hold dollar signs.
@rc_context({'text.parse_math': False})
def plot_image_grid(
    rows: Sequence[Mapping[str, np.ndarray]],
    classes: Sequence[str],
    palette: Palette,
    title: str | None = None,
    footer: str | None = None,
    names: Sequence[str] = (),
    keys: Sequence[Patch] = (),
) -> Figure:
    """Rows of pictures with one title per column and a legend.

    Args:
        rows: Pictures (H, W, 3) uint8 RGB by column title; every row has the
            same titles.
        classes: Names of the ``K`` classes.
        palette: ``K`` RGB colours.
        title: Heading of the figure.
        footer: Small print below the legend.
        names: A name for each row, to the left of it.
        keys: What the legend explains beside the classes.

    Returns:
        The figure.

    Raises:
        ValueError: If there is no row or the rows' titles differ.
    """
    if not rows or any(list(row) != list(rows[0]) for row in rows):
        raise ValueError(
            'plot_image_grid needs at least one row and the same column '
            f'titles in each, got {[list(row) for row in rows]}'
        )
    titles = list(rows[0])
    height, width = rows[0][titles[0]].shape[:2]
    keys = [*_class_keys(classes, palette), *keys]
    left = 0.2 if names else 0.02
    across = left + _SIDE * len(titles)
    columns = _legend_columns(keys, across)
    legend = 0.22 * -(-len(keys) // columns) + 0.1
    top, bottom = (0.62 if title else 0.3), legend + (0.25 if footer else 0.05)
    size = (across, _SIDE * height / width * len(rows) + top + bottom)
    figure = Figure(figsize=size, dpi=130)
    axes = figure.subplots(len(rows), len(titles), squeeze=False)
    _show_rows(axes, rows, names)
    figure.subplots_adjust(
        left=left / size[0],
        right=1 - 0.02 / size[0],
        top=1 - top / size[1],
        bottom=bottom / size[1],
        wspace=0.03,
        hspace=0.03,
    )
    _add_legend(figure, keys, columns, (bottom - 0.04) / size[1])
    if title:
        figure.suptitle(title, fontsize=12, y=1 - 0.08 / size[1], va='top')
    if footer:
        figure.text(
            0.5, 0.07 / size[1], footer, ha='center', fontsize=8, color=_GRAY
        )
    return figure


def _show_rows(
    axes: np.ndarray,
    rows: Sequence[Mapping[str, np.ndarray]],
    names: Sequence[str],
) -> None:
    for row, row_axes in zip(rows, axes, strict=True):
        for axis, picture in zip(row_axes, row.values(), strict=True):
            _show(axis, picture)
    for axis, title in zip(axes[0], rows[0], strict=True):
        axis.set_title(title, fontsize=10, pad=4)
    for axis, name in zip(axes[:, 0], names, strict=bool(names)):
        axis.set_ylabel(name, fontsize=8, labelpad=3)


def plot_class_balance(
    pixels_per_subclass: Sequence[int],
    subclass_to_class: Sequence[int],
    classes: Sequence[str],
    palette: Palette,
) -> Figure:
    """Labeled cells per class beside labeled cells per subclass.

    Args:
        pixels_per_subclass: ``S`` counts.
        subclass_to_class: ``S`` classes, -1 for subclasses without one.
        classes: Names of the ``K`` classes.
        palette: ``K`` RGB colours.

    Returns:
        The figure.

    Raises:
        ValueError: If there is no pixel at all.
    """
    parents = np.asarray(subclass_to_class)
    counts = np.asarray(pixels_per_subclass, dtype=float)
    if counts[parents >= 0].sum() == 0:
        raise ValueError('plot_class_balance: no subclass has a pixel')
    order = np.argsort(parents, kind='stable')
    order = order[parents[order] >= 0]
    shades = subclass_palette(palette, parents) / 255
    share = 100 * counts / counts[parents >= 0].sum()
    per_class = [share[parents == k].sum() for k in range(len(classes))]
    figure = Figure(figsize=(9.5, 3.4), dpi=130, layout='constrained')
    left, right = figure.subplots(1, 2, width_ratios=(1, 2))
    left.bar(range(len(classes)), per_class, color=np.array(palette) / 255)
    left.set_xticks(range(len(classes)), classes, rotation=90, fontsize=9)
    left.set_title(f'{len(classes)} classes: {_spread(per_class)}')
    right.bar(range(len(order)), share[order], color=shades[order], width=0.9)
    right.set_title(f'{len(order)} subclasses: {_spread(share[order])}')
    _name_groups(right, parents[order], classes)
    for axis in (left, right):
        axis.set_ylabel('share of labeled cells, %')
        axis.spines[['top', 'right']].set_visible(False)
        axis.title.set_fontsize(10)
    return figure


def _show(axis: Axes, picture: np.ndarray) -> None:
    axis.imshow(picture, interpolation='nearest')
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_visible(False)


def _class_keys(classes: Sequence[str], palette: Palette) -> list[Patch]:
    return [
        Patch(color=tuple(np.array(color) / 255), label=name)
        for name, color in zip(classes, palette, strict=True)
    ]


def _legend_columns(keys: Sequence[Patch], width: float) -> int:
    """Columns of a legend that is not wider than so many inches."""
    longest = max((len(str(key.get_label())) for key in keys), default=1)
    fitting = int(width / (0.45 + 0.08 * longest))
    return max(1, min(len(keys), 8, fitting))


def _add_legend(
    figure: Figure, keys: Sequence[Patch], columns: int, top: float
) -> None:
    figure.legend(
        handles=list(keys),
        loc='upper center',
        bbox_to_anchor=(0.5, top),
        ncols=columns,
        frameon=False,
        fontsize=9,
        handlelength=1.1,
        columnspacing=1.6,
    )


def _spread(shares: Sequence[float]) -> str:
    """Largest over smallest share in words."""
    present = [share for share in shares if share > 0]
    ratio = max(present) / min(present)
    digits = 0 if ratio >= 10 else 1
    return f'largest has {ratio:.{digits}f} times the smallest'


def _name_groups(axis: Axes, parents: np.ndarray, names: Sequence) -> None:
    """Write every class's name below the middle of its bars."""
    present = [k for k in range(len(names)) if (parents == k).any()]
    middles = [np.flatnonzero(parents == k).mean() for k in present]
    axis.set_xticks(middles, [names[k] for k in present], rotation=90)
    axis.tick_params(axis='x', length=0, labelsize=9)
