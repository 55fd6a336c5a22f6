"""Runner of the experiments.

    python -m experiments.run cpu --list
    python -m experiments.run cpu --only 'camvid/usrn/1over16_*' --jobs 2
    python -m experiments.run fields --time-limit 60
    python -m experiments.report --add work_dirs/experiments/results.csv

Every run is an ordinary `tools/train.py`, then `tools/test.py` on its last
checkpoint; its row is added to `results.csv` in the work dir. Started again,
the same command leaves out what has a row and resumes what was interrupted.
"""

import argparse
import fcntl
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path
from typing import TextIO

from .grids import DATA, Run, grid
from .laboratory import DATA_DIR, Laboratory


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(
        prog='python -m experiments.run',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('protocol', choices=DATA, help='what is run')
    parser.add_argument(
        '--work-dir',
        type=Path,
        default=Path('work_dirs/experiments'),
        help='folder of results.csv and all runs (default: %(default)s)',
    )
    parser.add_argument(
        '--data-dir',
        type=Path,
        default=DATA_DIR,
        help='folder of the data sets and weights (default: USRN_DATA in the '
        'environment, or ../shared/data)',
    )
    parser.add_argument(
        '--only',
        nargs='+',
        default=['*'],
        metavar='PATTERN',
        help="names of runs, such as 'camvid/usrn/1over16_*', in this order",
    )
    parser.add_argument('--jobs', type=int, default=1, help='runs at a time')
    limit = 'stop everything after so many minutes; the next start goes on'
    parser.add_argument(
        '--time-limit', type=float, default=float('inf'), help=limit
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='further settings of all runs, for a short trial; give it a '
        'work dir of its own',
    )
    parser.add_argument(
        '--list', action='store_true', help='print the runs and stop'
    )
    return parser.parse_args(arguments)


def main() -> None:
    """Run what has no row yet, most important first."""
    args = parse_args()
    runs = chosen(args.protocol, args.only)
    laboratory = Laboratory(
        work_dir=args.work_dir.resolve(),
        data_dir=args.data_dir.resolve(),
        deadline=time.monotonic() + 60 * args.time_limit,
        options=args.cfg_options,
    )
    if args.list:
        for run in runs:
            done = 'done' if laboratory.is_done(run) else 'open'
            print(f'{done} {run.name}')
        return
    laboratory.lock_file = lock(laboratory.work_dir)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: laboratory.stopped.set())
    with ThreadPoolExecutor(args.jobs) as pool:
        done = list(pool.map(laboratory.attempt, runs))
    sys.exit(not all(done))


def chosen(protocol: str, patterns: list[str]) -> list[Run]:
    """The runs of a grid that match, in the order of the patterns.

    Raises:
        SystemExit: If a pattern matches none.
    """
    runs = {}
    for pattern in patterns:
        found = [r for r in grid(protocol) if fnmatch(r.name, pattern)]
        if not found:
            sys.exit(
                f'error: no run of {protocol} is named like {pattern}; '
                '--list shows all names'
            )
        runs |= dict.fromkeys(found)
    return list(runs)


def lock(work_dir: Path) -> TextIO:
    """Hold the work dir until this process and its tools have ended.

    Raises:
        SystemExit: If another runner holds it.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    file = (work_dir / 'lock').open('w')
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f'error: another runner works in {work_dir}')
    return file


if __name__ == '__main__':
    main()
