"""Parts that the benchmarks share: commits, processes that take turns."""

import argparse
import contextlib
import csv
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TypeVar

Key = TypeVar('Key')
ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / 'benchmarks/results.csv'
COLUMNS = (
    'date',
    'benchmark',
    'contender',
    'setting',
    'seconds',
    'iqr',
    'peak_mib',
    'commit',
)


def git(*args: str) -> str:
    """What a git command prints."""
    command = ['git', '-C', str(ROOT), *args]
    return subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(rev: str) -> str:
    """Short name of a commit; that in COMMIT where there is no repository."""
    if rev == 'HEAD' and 'COMMIT' in os.environ:
        return os.environ['COMMIT']
    return git('rev-parse', '--short=7', rev)


def is_changed() -> bool:
    """Whether this tree differs from its commit, but for results."""
    if 'COMMIT' in os.environ:
        return False
    results = (':(exclude)benchmarks/*.csv', ':(exclude)benchmarks/*.jsonl')
    return bool(git('status', '--porcelain', '-uno', '--', '.', *results))


@contextlib.contextmanager
def trees(folder: Path, compare: str | None) -> Iterator[dict[str, Path]]:
    """This tree, and another commit's in the folder while the block runs.

    Args:
        folder: Where the files of the other commit go.
        compare: The other commit, if any.

    Yields:
        Path of each tree by the short name of its commit.
    """
    found = {commit('HEAD') + ' (this tree)' * is_changed(): ROOT}
    if not compare:
        yield found
        return
    other = folder / 'tree'
    git('worktree', 'add', '--detach', str(other), compare)
    try:
        yield {**found, commit(compare): other}
    finally:
        git('worktree', 'remove', '--force', str(other))


def start(script: str, tree: Path, *args: str) -> subprocess.Popen:
    """Start a benchmark's ``--serve`` on the package of a tree.

    Args:
        script: File of the benchmark.
        tree: The package is imported from there.
        *args: What ``--serve`` takes.
    """
    paths = [str(tree), os.environ.get('PYTHONPATH', '')]
    return subprocess.Popen(
        [sys.executable, script, '--serve', *args],
        env={
            **os.environ,
            'PYTHONPATH': os.pathsep.join(filter(None, paths)),
            'OMP_NUM_THREADS': '1',
            'PYTHONWARNINGS': 'ignore',
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ask(process: subprocess.Popen, number: int) -> dict[str, float]:
    """Let a process run one round; other lines that it prints are skipped."""
    print(number, file=process.stdin, flush=True)
    for line in process.stdout:
        if line.startswith('{'):
            return json.loads(line)
    raise RuntimeError('a measured process has ended')


def take_turns(
    processes: dict[Key, subprocess.Popen], number: int
) -> list[tuple[Key, dict[str, float]]]:
    """Let every process run a round; what has ended is left out from then on.

    Every other round goes backwards: what runs first may be faster for it.

    Args:
        processes: By any key; those that have ended are taken out.
        number: Of the round.

    Returns:
        Keys and answers, always in the same order.
    """
    answers = {}
    for key in list(processes)[:: -1 if number % 2 else 1]:
        try:
            answers[key] = ask(processes[key], number)
        except (RuntimeError, BrokenPipeError):
            print(f'{key} has ended by itself', file=sys.stderr)
            del processes[key]
    return [(key, answers[key]) for key in processes]


def stop(process: subprocess.Popen) -> None:
    """Let a process end."""
    process.stdin.close()
    process.wait()


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """Options that :func:`report` reads."""
    parser.add_argument('--save', action='store_true', help='keep the rows')
    parser.add_argument(
        '--table', action='store_true', help='print the rows that are kept'
    )


def report(
    args: argparse.Namespace,
    table: Callable[[list[dict]], str],
    measured: Iterable[list[dict]],
) -> None:
    """Print the table of the rows that are kept, or measure new ones.

    Args:
        args: Of :func:`add_report_options`.
        table: Makes Markdown of rows.
        measured: Measures the rows of a setting when it is asked for them.
    """
    if args.table:
        print(table(load_rows()))
        return
    for rows in measured:
        print(table(rows), flush=True)
        if args.save:
            save_rows(rows)


def result_row(
    benchmark: str,
    contender: str,
    setting: object,
    commit: str,
    seconds: list[float],
    peak_mib: float | str = '',
) -> dict:
    """A row of the results: median and spread of the rounds' seconds."""
    low, _, high = (
        statistics.quantiles(seconds, n=4, method='inclusive')
        if len(seconds) > 1
        else seconds * 3
    )
    return dict(
        date=date.today().isoformat(),
        benchmark=benchmark,
        contender=contender,
        setting=setting,
        seconds=round(statistics.median(seconds), 5),
        iqr=round(high - low, 5),
        peak_mib=peak_mib,
        commit=commit,
    )


def save_rows(rows: list[dict], path: Path = RESULTS) -> None:
    """Append rows with :data:`COLUMNS` to the results."""
    is_new = not path.exists()
    with path.open('a', encoding='utf-8', newline='') as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator='\n')
        if is_new:
            writer.writeheader()
        writer.writerows(rows)


def load_rows(path: Path = RESULTS) -> list[dict]:
    """Rows of the results, all values as text."""
    with path.open(encoding='utf-8', newline='') as file:
        return list(csv.DictReader(file))
