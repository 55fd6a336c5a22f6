"""Tables and figures of the docs, from ``results.csv``.

    python -m experiments.report
    python -m experiments.report --add work_dirs/experiments/results.csv

A page has a table between the lines `<!-- KIND WHICH -->` and `<!-- end -->`:
KIND is `results` or `classes`, WHICH then `DATA-PROTOCOL`, or `fields`, of all
data sets of the protocol WHICH. A figure is named
`images/experiments_DATA-PROTOCOL.png`.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, stdev

from .grids import CONTENDERS, DATA, MAIN, MASKS, RARE_CLASSES
from .plots import plot_masks
from .results import add_results, read_results

ROOT = Path(__file__).resolve().parents[1]
PAGES = ('README.md', 'docs/experiments.md')
TABLE = re.compile(
    r'<!-- (results|classes|fields) (\S+) -->\n.*?<!-- end -->',
    re.DOTALL,
)
FIGURE = re.compile(r'\((\S*images/experiments_(\S+)\.png)\)')
Row = dict[str, str]
Groups = dict[tuple[str, str], list[Row]]
"""Rows of all seeds, by split and contender."""


def main() -> None:
    """Write what is made from the results."""
    parser = argparse.ArgumentParser(
        prog='python -m experiments.report',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--add',
        type=Path,
        nargs='+',
        default=[],
        metavar='FILE',
        help='add the rows of these tables first, in place of those of the '
        'same runs',
    )
    for path in parser.parse_args().add:
        rows = read_results(path)
        if not rows:
            sys.exit(f'error: there are no results in {path}')
        add_results(rows)
    write_pages(ROOT)


def write_pages(root: Path) -> None:
    """Fill the tables of all pages and draw the figures.

    Args:
        root: Folder of the pages.
    """
    rows = read_results()
    for name in PAGES:
        page = root / name
        text = page.read_text()
        page.write_text(fill_page(text, rows))
        for picture, which in FIGURE.findall(text):
            groups = groups_of(rows, which)
            plot_masks(points(groups), page.parent / picture)


def fill_page(text: str, rows: list[Row]) -> str:
    """Replace the tables of a page.

    Args:
        text: The page.
        rows: All results.

    Raises:
        ValueError: If a table has no rows.
    """

    def fill(match: re.Match) -> str:
        kind, which = match.groups()
        make = {'results': results, 'classes': classes, 'fields': fields}
        table = to_markdown(list(make[kind](rows, which)))
        return f'<!-- {kind} {which} -->\n\n{table}\n\n<!-- end -->'

    return TABLE.sub(fill, text)


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


def fields(rows: list[Row], protocol: str) -> Iterator[Row]:
    """Every data set's mIoU and rare classes, at 1/16 and with all masks."""
    groups = {
        data: groups_of(rows, f'{data}-{protocol}') for data in DATA[protocol]
    }
    lines = [('1over16', name) for name in CONTENDERS] + [('all', 'baseline')]
    for key in lines:
        found = {data: groups[data].get(key, []) for data in groups}
        if not any(found.values()):
            continue
        masks = ', all masks' if key[0] == 'all' else ''
        row = {'contender': key[1] + masks}
        for data, group in found.items():
            row[data] = with_gain(groups[data], group, 'mIoU')
            row[f'{data}, rare'] = with_gain(groups[data], group, 'rare')
        yield row


def results(rows: list[Row], which: str) -> Iterator[Row]:
    """Means and standard deviations over seeds, in percent."""
    groups = groups_of(rows, which)
    for group in groups.values():
        minutes = numbers(group, 'cpu_minutes')
        yield title(group) | {
            'seeds': str(len(group)),
            'mIoU': spread(numbers(group, 'mIoU')),
            'over baseline': spread(over(groups, group, 'baseline'), '+'),
            'over usrn': spread(over(groups, group, 'usrn'), '+'),
            'rare classes': spread(numbers(group, 'rare')),
            'on `val`': spread(numbers(group, 'mIoU_val')),
            'CPU min': f'{mean(minutes):.1f}' if minutes else '',
        }


def classes(rows: list[Row], which: str) -> Iterator[Row]:
    """IoU of every class of the main contenders, means over seeds."""
    for (_, name), group in groups_of(rows, which).items():
        if name in MAIN:
            columns = [key for key in group[0] if key.startswith('IoU.')]
            yield title(group) | {
                key.removeprefix('IoU.'): f'{mean(numbers(group, key)):.1f}'
                for key in columns
            }


def points(groups: Groups) -> dict[str, dict[int, tuple[list, list]]]:
    """What is drawn: by contender and number of masks, a value a seed.

    Returns:
        mIoU and IoU of the rare classes, of the main contenders.
    """
    found = {}
    for (_, name), group in groups.items():
        if name in MAIN:
            found.setdefault(name, {})[masks(group[0])] = (
                numbers(group, 'mIoU'),
                numbers(group, 'rare'),
            )
    return found


def title(group: list[Row]) -> Row:
    """The first cells of a line."""
    row = group[0]
    return {'labeled': share(row['split']), 'contender': row['contender']}


def share(split: str) -> str:
    """Share of labeled images for people: 1/16."""
    return split.replace('over', '/')


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


def with_gain(groups: Groups, group: list[Row], column: str) -> str:
    """Mean and deviation, and in brackets the gain over the baseline."""
    gain = over(groups, group, 'baseline', column)
    return spread(numbers(group, column)) + (
        f' ({mean(gain):+.1f})' if gain else ''
    )


def spread(values: list[float], sign: str = '') -> str:
    """Mean and standard deviation, blank where there is nothing."""
    if not values:
        return ''
    deviation = f' ± {stdev(values):.1f}' if len(values) > 1 else ''
    return f'{mean(values):{sign}.1f}{deviation}'


def to_markdown(lines: list[Row]) -> str:
    """A table of lines with equal keys, without columns that are blank."""
    columns = [key for key in lines[0] if any(line[key] for line in lines)]
    cells = [columns, ['---'] * len(columns)]
    cells += [[line[key] for key in columns] for line in lines]
    return '\n'.join(f'| {" | ".join(line)} |' for line in cells)


if __name__ == '__main__':
    main()
