"""Results of all runs: ``results.csv``, a row a run."""

import csv
from pathlib import Path

from .grids import MASKS

RESULTS = Path(__file__).with_name('results.csv')
"""The results that the docs are made from."""
KEY = ('protocol', 'data', 'split', 'contender', 'seed')
"""Columns that name a run."""
COLUMNS = (
    *KEY,
    'date',
    'commit',
    'iterations',
    'cpu_minutes',
    'mIoU',
    'mIoU_val',
)
"""Columns before those of the classes, ``IoU.<class>`` in percent on `test`.

``mIoU`` is on `test`, ``mIoU_val`` on `val`, both of the last checkpoint;
``command`` repeats the run at ``commit``.
"""


def read_results(path: Path = RESULTS) -> list[dict[str, str]]:
    """All rows of a table; none if there is no file.

    Args:
        path: A file that :func:`add_results` wrote.
    """
    if not path.is_file():
        return []
    with path.open(newline='') as file:
        return [_filled(row) for row in csv.DictReader(file)]


def add_results(rows: list[dict], path: Path = RESULTS) -> None:
    """Add rows to a table, in place of those of the same runs.

    Args:
        rows: Values by column; a class that a data set lacks is left out.
        path: The table, which is made if it is not there.
    """
    table = {_key(row): row for row in read_results(path)}
    table |= {_key(row): row for row in map(_filled, rows)}
    rows = sorted(table.values(), key=_place)
    classes = dict.fromkeys(
        key for row in rows for key in row if key.startswith('IoU.')
    )
    temporary = path.with_suffix('.new')
    with temporary.open('w', newline='') as file:
        columns = [*COLUMNS, *classes, 'command']
        writer = csv.DictWriter(file, columns, lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(path)


def _filled(row: dict) -> dict[str, str]:
    return {key: str(value) for key, value in row.items() if value != ''}


def _key(row: dict) -> tuple[str, ...]:
    return tuple(row[column] for column in KEY)


def _place(row: dict) -> tuple:
    splits = list(MASKS[row['data']])
    place = splits.index(row['split'])
    return (row['protocol'], row['data'], -place, *_key(row)[3:])
