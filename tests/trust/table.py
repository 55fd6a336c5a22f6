"""Table of what is tried on a run, what is expected and what is seen."""

import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    case: str
    expected: str
    seen: str

    @property
    def holds(self) -> bool:
        """Whether it is as expected."""
        return self.seen == self.expected


@dataclass(frozen=True)
class Group:
    """Cases that are run one after another in a process of their own.

    Args:
        name: What they have in common.
        run: Makes the rows; gets an empty folder. It must be picklable.
    """

    name: str
    run: Callable[[Path], Iterable[Row]]


def run_groups(groups: Iterable[Group], jobs: int) -> int:
    """Run all groups and print the table.

    Args:
        groups: What to run.
        jobs: How many side by side.

    Returns:
        The number of rows that do not hold.
    """
    rows, bad = 0, 0
    with ProcessPoolExecutor(jobs, get_context('spawn')) as pool:
        futures = {pool.submit(_rows, group): group for group in groups}
        for future in as_completed(futures):
            for row in future.result():
                rows += 1
                bad += not row.holds
                mark = '  ' if row.holds else '! '
                print(f'{mark}{row.case} | {row.expected} | {row.seen}')
            sys.stdout.flush()
    print(f'{rows} cases, {bad} not as expected')
    return bad


def _rows(group: Group) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return list(_until_broken(group, Path(folder)))


def _until_broken(group: Group, folder: Path) -> Iterator[Row]:
    try:
        yield from group.run(folder)
    except Exception:
        yield Row(group.name, 'cases that run', traceback.format_exc())
