"""Tables of the results: ``python experiments/report.py WORK_DIR/cpu``.

Writes ``results.csv``, ``results.md`` and ``results.png`` into the folder.
With ``--docs`` the tables are put into pages, between the lines
``<!-- results cpu -->`` and ``<!-- end -->`` (``cpu`` is the folder's name),
or means and spreads alone, after ``<!-- summary cpu -->``.
"""

import argparse
import csv
import io
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev

from .grids import CONTENDERS, MAIN
from .plots import plot_results
from .records import result_rows, write_text

FRACTIONS = {
    'all': 'all',
    '1over8': '1/8',
    '1over16': '1/16',
    '1over30': '1/30',
}


def write_results(work_dir: Path) -> None:
    """Write the tables of all finished runs.

    Args:
        work_dir: Folder of a protocol, as :mod:`run` fills it.
    """
    rows = result_rows(work_dir)
    if rows:
        write_text(work_dir / 'results.csv', to_csv(rows))
        write_text(work_dir / 'results.md', to_markdown(rows))
        plot_results(
            {
                (FRACTIONS[fraction], name): [row['mIoU'] for row in group]
                for (fraction, name), group in last_rows(rows).items()
                if name in MAIN
            },
            work_dir / 'results.png',
        )


def to_csv(rows: list[dict]) -> str:
    """The rows as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator='\n')
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def to_markdown(rows: list[dict]) -> str:
    """Means and spreads, IoU by class, and the runs.

    Args:
        rows: Rows of :func:`records.result_rows`.
    """
    if not rows:
        return 'Not run yet.\n'
    groups = last_rows(rows)
    classes = [key for key in rows[0] if key.startswith('IoU.')]
    return '\n'.join(
        [
            'Mean over seeds ± standard deviation, IoU in percent on `test`; '
            '`last` and `best` are the last checkpoint and the best on '
            '`val`; differences are of last checkpoints with the same seeds.',
            '',
            *_table(_details(rows, groups, key) for key in groups),
            '',
            'IoU of every class, last checkpoint, mean over seeds.',
            '',
            *_table(_by_class(group, classes) for group in groups.values()),
            '',
            'Every run, last checkpoint. `WORK_DIR` is the folder of the '
            'protocol; the logs stand there.',
            '',
            *_table(_run(row) for group in groups.values() for row in group),
            '',
        ]
    )


def summary(rows: list[dict]) -> str:
    """Means and spreads of the main contenders' last checkpoints."""
    groups = {
        key: group for key, group in last_rows(rows).items() if key[1] in MAIN
    }
    if not groups:
        return 'Not run yet.\n'
    rows = [
        {
            **_title(group[0]),
            'seeds': len(group),
            'mIoU': _spread(_values(group, 'mIoU')),
            'over baseline': _gain(groups, key, 'baseline'),
            'rare classes': _spread(_values(group, 'mIoU_rare')),
            'CPU min': _measured(_minutes, _values(group, 'cpu_minutes')),
        }
        for key, group in groups.items()
    ]
    if not any(row['CPU min'] for row in rows):
        for row in rows:
            del row['CPU min']
    return '\n'.join([*_table(rows), ''])


def last_rows(rows: list[dict]) -> dict[tuple[str, str], list[dict]]:
    """Rows of last checkpoints by fraction and contender, in table order.

    Contenders that the grid no longer has are the last ones.
    """
    groups = defaultdict(list)
    for row in rows:
        if row['checkpoint'] == 'last':
            groups[row['fraction'], row['contender']].append(row)
    fractions = list(FRACTIONS)
    order = {name: place for place, name in enumerate(CONTENDERS)}
    return dict(
        sorted(
            groups.items(),
            key=lambda item: (
                fractions.index(item[0][0]),
                order.get(item[0][1], len(order)),
            ),
        )
    )


def _details(
    rows: list[dict],
    groups: dict[tuple[str, str], list[dict]],
    key: tuple[str, str],
) -> dict:
    last = groups[key]
    best = [
        row
        for row in rows
        if row['checkpoint'] == 'best'
        and (row['fraction'], row['contender']) == key
    ]
    return {
        **_title(last[0]),
        'seeds': ' '.join(str(row['seed']) for row in last),
        'mIoU last': _spread(_values(last, 'mIoU')),
        'over baseline': _gain(groups, key, 'baseline'),
        'over usrn': _gain(groups, key, 'usrn'),
        'mIoU best': _spread(_values(best, 'mIoU')),
        'rare last': _spread(_values(last, 'mIoU_rare')),
        'rare best': _spread(_values(best, 'mIoU_rare')),
        'iterations': last[0]['iteration'],
        'CPU min': _measured(_minutes, _values(last, 'cpu_minutes')),
        'wall min': _minutes(_values(last, 'wall_minutes')),
        'peak MB': _measured(max, _values(last, 'peak_memory_mb')),
        'peak GPU MB': max(_values(last, 'peak_gpu_memory_mb')),
    }


def _gain(
    groups: dict[tuple[str, str], list[dict]],
    key: tuple[str, str],
    other: str,
) -> str:
    """Differences in mIoU to another contender, seed by seed."""
    fraction, contender = key
    theirs = {
        row['seed']: row['mIoU'] for row in groups.get((fraction, other), [])
    }
    gains = [
        row['mIoU'] - theirs[row['seed']]
        for row in groups[key]
        if row['seed'] in theirs and contender != other
    ]
    return _spread(gains, '+')


def _title(row: dict) -> dict:
    return {
        'labeled': FRACTIONS[row['fraction']],
        'contender': row['contender'],
    }


def _by_class(rows: list[dict], classes: list[str]) -> dict:
    return {
        **_title(rows[0]),
        **{
            name.removeprefix('IoU.'): f'{mean(r[name] for r in rows):.1f}'
            for name in classes
        },
    }


def _run(row: dict) -> dict:
    return {
        **_title(row),
        'seed': row['seed'],
        'mIoU': row['mIoU'],
        'rare': row['mIoU_rare'],
        'log': f'`{row["log"]}`',
        'command': f'`{row["command"]}`',
    }


def _values(rows: list[dict], key: str) -> list:
    return [row[key] for row in rows]


def _measured(function: Callable, values: list) -> float | str:
    """What the function makes of values, nothing where one is missing."""
    return '' if None in values else function(values)


def _minutes(values: list[float]) -> float:
    return round(mean(values), 1)


def _spread(values: list[float], sign: str = '') -> str:
    """Mean and standard deviation, or nothing where there is no value."""
    if not values:
        return ''
    spread = f' ± {stdev(values):.1f}' if len(values) > 1 else ''
    return f'{mean(values):{sign}.1f}{spread}'


def _table(rows) -> list[str]:
    """Lines of a Markdown table of dicts with equal keys."""
    rows = list(rows)
    lines = [list(rows[0]), ['---'] * len(rows[0])]
    lines += [[str(value) for value in row.values()] for row in rows]
    return [f'| {" | ".join(line)} |' for line in lines]


def fill_page(page: str, sections: dict[str, str]) -> str:
    """Replace what stands between the marks of a page.

    Args:
        page: Text of the page.
        sections: What to put there, by what the mark says. Marks of other
            protocols are left as they are.

    Raises:
        ValueError: If the page has none of these marks.
    """
    filled = False
    for mark, text in sections.items():
        begin, end = f'<!-- {mark} -->\n', '<!-- end -->'
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if found and closed:
            page = f'{before}{begin}\n{text}\n{end}{after}'
            filled = True
    if not filled:
        marks = ' or '.join(f'<!-- {mark} -->' for mark in sections)
        raise ValueError(
            f'the page has no {marks} with <!-- end --> after it, to put the '
            'tables between'
        )
    return page


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('work_dir', type=Path, help='folder of a protocol')
    parser.add_argument(
        '--docs', type=Path, nargs='+', default=[], help='pages to fill'
    )
    args = parser.parse_args()
    work_dir = args.work_dir.resolve()
    write_results(work_dir)
    rows, name = result_rows(work_dir), work_dir.name
    sections = {
        f'results {name}': to_markdown(rows),
        f'summary {name}': summary(rows),
    }
    for page in args.docs:
        page.write_text(fill_page(page.read_text(), sections))


if __name__ == '__main__':
    main()
