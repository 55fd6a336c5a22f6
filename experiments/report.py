"""Tables and figures of the docs, from ``results.csv``.

    python -m experiments.report
    python -m experiments.report --add work_dirs/experiments/results.csv

A page has a table between the lines `<!-- KIND WHICH -->` and `<!-- end -->`:
KIND is `results` or `classes`, WHICH then `DATA-PROTOCOL`, or `fields` or
`saved`, of all data sets of the protocol WHICH. A figure is named
`images/experiments_DATA-PROTOCOL.png` or `images/experiments_PROTOCOL.png`.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, stdev

from .grids import CONTENDERS, DATA, MAIN
from .groups import Groups, Row, groups_of, masks, numbers, over
from .masks_saved import Line, lines, masks_needed
from .plots import plot_masks
from .results import add_results, read_results

ROOT = Path(__file__).resolve().parents[1]
PAGES = ('README.md', 'docs/experiments.md')
TABLE = re.compile(
    r'<!-- (results|classes|fields|saved) (\S+) -->\n.*?<!-- end -->',
    re.DOTALL,
)
PARTS = {'mIoU': 'mIoU on test, %', 'rare': 'rare classes, %'}
"""What figures and tables compare, and its title."""
FIGURE = re.compile(r'\((\S*images/experiments_(\S+)\.png)\)')


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
            plot_masks(panels(rows, which), page.parent / picture)


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
        make = dict(
            results=results, classes=classes, fields=fields, saved=saved
        )
        table = to_markdown(list(make[kind](rows, which)))
        return f'<!-- {kind} {which} -->\n\n{table}\n\n<!-- end -->'

    return TABLE.sub(fill, text)


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
            'over baseline': gain(groups, group, 'baseline'),
            'over usrn': gain(groups, group, 'usrn'),
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


def saved(rows: list[Row], protocol: str) -> Iterator[Row]:
    """The masks that the baseline needs for the IoU of USRN."""
    for data in DATA[protocol]:
        groups = groups_of(rows, f'{data}-{protocol}')
        both = {part: lines(groups, part) for part in PARTS}
        for count in sorted(both['mIoU']['usrn']):
            row = {'data set': data, 'masks': str(count)}
            for part, line in both.items():
                before = 'rare: ' * (part == 'rare')
                value = mean(line['usrn'][count])
                row |= {
                    f'{before}baseline': spread(line['baseline'][count]),
                    f'{before}usrn': spread(line['usrn'][count]),
                    f'{before}masks needed': masks_needed(
                        line['baseline'], value
                    ),
                }
            yield row


def panels(rows: list[Row], which: str) -> dict[str, dict[str, Line]]:
    """What a figure shows, by the titles of its panels.

    Args:
        rows: All results.
        which: ``DATA-PROTOCOL``, all main contenders, or ``PROTOCOL``,
            baseline and USRN on all its data sets.
    """
    if which in DATA:
        return {
            f'{data}, {title}': lines(groups_of(rows, f'{data}-{which}'), key)
            for key, title in PARTS.items()
            for data in DATA[which]
        }
    groups = groups_of(rows, which)
    found = {title: {} for title in PARTS.values()}
    for (_, name), group in groups.items():
        if name in MAIN:
            for key, title in PARTS.items():
                line = found[title].setdefault(name, {})
                line[masks(group[0])] = numbers(group, key)
    return found


def title(group: list[Row]) -> Row:
    """The first cells of a line."""
    row = group[0]
    return {'labeled': share(row['split']), 'contender': row['contender']}


def share(split: str) -> str:
    """Share of labeled images for people: 1/16."""
    return split.replace('over', '/')


def gain(groups: Groups, group: list[Row], name: str) -> str:
    """Gain over another contender, and of how many seeds if not of all."""
    values = over(groups, group, name)
    some = 0 < len(values) < len(group)
    return spread(values, '+') + f' (of {len(values)})' * some


def with_gain(groups: Groups, group: list[Row], column: str) -> str:
    """Mean and deviation, and in brackets the gain over the baseline."""
    values = over(groups, group, 'baseline', column)
    return spread(numbers(group, column)) + (
        f' ({mean(values):+.1f})' if values else ''
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
