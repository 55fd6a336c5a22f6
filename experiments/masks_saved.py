"""Masks that a baseline needs to be as good as USRN."""

from math import exp, log
from statistics import mean

from .groups import Groups, masks, numbers

Line = dict[int, list[float]]
"""IoU in percent by number of masks, a value a seed."""


def lines(groups: Groups, column: str) -> dict[str, Line]:
    """IoU of baseline and USRN, of the seeds that all their splits have.

    Splits of one size differ by more than what is compared.

    Args:
        groups: Results of one data set and protocol.
        column: ``'mIoU'`` or ``'rare'``.
    """
    compared = {
        key: group
        for key, group in groups.items()
        if key[1] in ('baseline', 'usrn')
    }
    seeds = set.intersection(
        *({row['seed'] for row in group} for group in compared.values())
    )
    found = {}
    for (_, name), group in sorted(compared.items(), key=lambda g: g[0][1]):
        rows = [row for row in group if row['seed'] in seeds]
        found.setdefault(name, {})[masks(rows[0])] = numbers(rows, column)
    return found


def masks_needed(line: Line, value: float) -> str:
    """The least number of masks for an IoU, between the measured ones.

    Args:
        line: IoU by number of masks.
        value: The IoU that is to be reached.

    Returns:
        The number, or that it is less or more than all that were measured.
    """
    counts = sorted(line)
    heights = [mean(line[count]) for count in counts]
    if value <= heights[0]:
        return f'≤ {counts[0]}'
    for i, height in enumerate(heights[1:]):
        if value <= height:
            # Straight between two points of the figure, whose axis of
            # masks is logarithmic.
            part = (value - heights[i]) / (height - heights[i])
            first, second = map(log, counts[i : i + 2])
            return f'{exp(first + part * (second - first)):.0f}'
    return f'> {counts[-1]}'
