"""Tables of the results: ``python tools/experiments/report.py WORK_DIR/cpu``.

Writes ``results.csv`` and ``results.md`` into the folder, and with ``--docs``
puts the tables into a page, between the lines ``<!-- results cpu -->`` and
``<!-- end -->`` (``cpu`` is the folder's name).
"""

import argparse
import csv
import io
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev

from grids import CONTENDERS
from records import result_rows, write_text

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
    groups = defaultdict(list)
    for row in rows:
        groups[row['fraction'], row['contender'], row['checkpoint']].append(
            row
        )
    order = {name: place for place, name in enumerate(CONTENDERS)}
    last = sorted(
        (key[:2] for key in groups if key[2] == 'last'),
        key=lambda key: (list(FRACTIONS).index(key[0]), order[key[1]]),
    )
    classes = [key for key in rows[0] if key.startswith('IoU.')]
    return '\n'.join(
        [
            'Mean over seeds ± standard deviation, IoU in percent on `test`; '
            '`last` and `best` are the last checkpoint and the best on `val`.',
            '',
            *_table(_summary(groups, key) for key in last),
            '',
            'IoU of every class, last checkpoint, mean over seeds.',
            '',
            *_table(
                _by_class(groups[(*key, 'last')], classes) for key in last
            ),
            '',
            'Every run, last checkpoint. `WORK_DIR` is the folder of the '
            'protocol; the logs stand there.',
            '',
            *_table(
                _run(row) for key in last for row in groups[(*key, 'last')]
            ),
            '',
        ]
    )


def _summary(groups: dict, key: tuple[str, str]) -> dict:
    last, best = (groups[(*key, kind)] for kind in ('last', 'best'))
    return {
        **_title(last[0]),
        'seeds': ' '.join(str(row['seed']) for row in last),
        'mIoU last': _spread(last, 'mIoU'),
        'mIoU best': _spread(best, 'mIoU'),
        'rare last': _spread(last, 'mIoU_rare'),
        'rare best': _spread(best, 'mIoU_rare'),
        'iterations': last[0]['iteration'],
        'CPU min': round(mean(row['cpu_minutes'] for row in last), 1),
        'wall min': round(mean(row['wall_minutes'] for row in last), 1),
        'peak MB': max(row['peak_memory_mb'] for row in last),
        'peak GPU MB': max(row['peak_gpu_memory_mb'] for row in last),
    }


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


def _spread(rows: list[dict], key: str) -> str:
    values = [row[key] for row in rows]
    if not values:
        return ''
    spread = f' ± {stdev(values):.1f}' if len(values) > 1 else ''
    return f'{mean(values):.1f}{spread}'


def _table(rows) -> list[str]:
    """Lines of a Markdown table of dicts with equal keys."""
    rows = list(rows)
    lines = [list(rows[0]), ['---'] * len(rows[0])]
    lines += [[str(value) for value in row.values()] for row in rows]
    return [f'| {" | ".join(line)} |' for line in lines]


def fill_page(page: str, name: str, tables: str) -> str:
    """Replace what stands between the marks of a protocol.

    Args:
        page: Text of the page.
        name: Name of the protocol.
        tables: What to put there.

    Raises:
        ValueError: If the page has no such marks.
    """
    begin, end = f'<!-- results {name} -->\n', '<!-- end -->'
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(
            f'the page has no lines {begin.strip()!r} and {end!r} to put '
            'the tables between'
        )
    return f'{before}{begin}\n{tables}\n{end}{after}'


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('work_dir', type=Path, help='folder of a protocol')
    parser.add_argument('--docs', type=Path, help='page to fill')
    args = parser.parse_args()
    work_dir = args.work_dir.resolve()
    write_results(work_dir)
    if args.docs:
        tables = to_markdown(result_rows(work_dir))
        page = args.docs.read_text()
        args.docs.write_text(fill_page(page, work_dir.name, tables))


if __name__ == '__main__':
    main()
