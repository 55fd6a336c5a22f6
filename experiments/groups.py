"""Rows of one data set and protocol, by split and contender."""

from statistics import mean

from .grids import CONTENDERS, MASKS, RARE_CLASSES

Row = dict[str, str]
Groups = dict[tuple[str, str], list[Row]]
"""Rows of all seeds, by split and contender."""


def groups_of(rows: list[Row], which: str) -> Groups:
    """The rows of one data set and protocol, in the order of the tables.

    Args:
        rows: All results.
        which: ``DATA-PROTOCOL``.

    Raises:
        ValueError: If there are none.
    """
    groups = {}
    for row in rows:
        if f'{row["data"]}-{row["protocol"]}' == which:
            key = row['split'], row['contender']
            groups.setdefault(key, []).append(row)
    if not groups:
        raise ValueError(f'results.csv has no rows of {which}')
    order = list(CONTENDERS)  # those that have left the grid come last

    def place(key: tuple[str, str]) -> tuple[int, int]:
        known = key[1] in order
        return -masks(groups[key][0]), (
            order.index(key[1]) if known else len(order)
        )

    return {key: groups[key] for key in sorted(groups, key=place)}


def masks(row: Row) -> int:
    """How many labeled images there are."""
    return MASKS[row['data']][row['split']]


def numbers(group: list[Row], column: str) -> list[float]:
    """Values of a column, or ``'rare'``, without those not measured."""
    if column == 'rare':
        return [rare_iou(row) for row in group]
    return [float(row[column]) for row in group if column in row]


def rare_iou(row: Row) -> float:
    """Mean IoU of the rare classes."""
    return mean(float(row[f'IoU.{c}']) for c in RARE_CLASSES[row['data']])


def over(
    groups: Groups, group: list[Row], name: str, column: str = 'mIoU'
) -> list[float]:
    """Gain over another contender, a value a seed of both."""
    if not group or group[0]['contender'] == name:
        return []
    others = groups.get((group[0]['split'], name), [])
    seeds = [row['seed'] for row in others]
    base = dict(zip(seeds, numbers(others, column), strict=True))
    return [
        value - base[row['seed']]
        for row, value in zip(group, numbers(group, column), strict=True)
        if row['seed'] in base
    ]
