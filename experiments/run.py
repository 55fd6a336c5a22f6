"""Runs the experiments: ``python experiments/run.py cpu``.

Every run is an ordinary ``tools/train.py``, then ``tools/test.py`` on its last
checkpoint and on the one that was best on `val`. Finished runs are skipped
and interrupted ones go on from their last checkpoint, so the same command
starts and continues. Started twice, the two share the work. The results are
written to ``results.csv`` and ``results.md`` in the work dir after each run.
"""

import argparse
import shlex
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from threading import Lock

from .grids import Run, grid
from .processes import lock, step, stopped
from .records import (
    CHECKPOINTS,
    find_checkpoint,
    iteration_of,
    read_record,
    read_test,
    write_record,
)
from .report import write_results

writing = Lock()
"""Threads write the tables one after the other."""


class StepError(RuntimeError):
    """A training or test that did not succeed."""


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('protocol', choices=['cpu', 'gpu'])
    parser.add_argument(
        '--work-dir',
        type=Path,
        default=Path('work_dirs/experiments'),
        help='folder of all protocols (default: %(default)s)',
    )
    parser.add_argument(
        '--only',
        nargs='+',
        default=['*'],
        metavar='PATTERN',
        help="names of runs, such as 'usrn/1over16_seed*', in this order; "
        'a run that others build on comes before them',
    )
    parser.add_argument(
        '--jobs', type=int, default=1, help='runs at a time (default: 1)'
    )
    parser.add_argument(
        '--time-limit',
        type=float,
        default=float('inf'),
        metavar='MINUTES',
        help='stop everything after this time; the next start goes on',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='further settings of all runs, for a short trial',
    )
    parser.add_argument(
        '--list', action='store_true', help='print the runs and stop'
    )
    return parser.parse_args()


def main() -> None:
    """Run what is not finished, in order of importance."""
    args = parse_args()
    # dict, because a run may match several patterns.
    runs = dict.fromkeys(
        run
        for pattern in args.only
        for run in grid(args.protocol)
        if fnmatch(run.name, pattern)
    )
    work_dir = args.work_dir.resolve() / args.protocol
    if args.list:
        for run in runs:
            done = 'tested' if is_finished(work_dir / run.name) else 'open'
            print(f'{done:7}{run.name}')
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    deadline = time.monotonic() + 60 * args.time_limit
    options = args.cfg_options
    futures = {}
    with ThreadPoolExecutor(args.jobs) as pool:
        for run in runs:
            needed = futures.get(run.needs)
            futures[run] = pool.submit(
                attempt, run, work_dir, deadline, options, needed
            )
    for future in futures.values():
        future.result()  # Raises what a thread raised.


def attempt(
    run: Run,
    work_dir: Path,
    deadline: float,
    options: list[str],
    needed: Future | None,
) -> None:
    """Do what is left of one run, unless it is finished, busy or too late.

    Args:
        run: The run.
        work_dir: Folder of the protocol.
        deadline: ``time.monotonic()`` at which it must have stopped.
        options: Further settings, as ``key=value``.
        needed: The attempt to wait for, at the run that this one builds on.
    """
    if needed is not None:
        wait([needed])
    folder = work_dir / run.name
    if stopped.is_set() or is_finished(folder):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with lock(folder / 'lock') as locked:
        if locked is None:
            return
        print(f'{time.strftime("%H:%M:%S")} {run.name}', flush=True)
        try:
            execute = partial(step, deadline=deadline, locked=locked)
            train(run, work_dir, options, execute)
            for kind in CHECKPOINTS:
                test(run, folder, kind, options, execute)
        except StepError as error:
            print(f'{run.name}: {error}', flush=True)
        with writing:
            write_results(work_dir)


def is_finished(folder: Path) -> bool:
    """Whether all checkpoints of a run are tested."""
    return set(CHECKPOINTS) <= read_record(folder).get('tested', {}).keys()


def train(
    run: Run, work_dir: Path, options: list[str], execute: Callable
) -> None:
    """Start or continue the training of a run.

    Raises:
        StepError: If it fails, or needs a run that is not finished.
    """
    folder = work_dir / run.name
    record = read_record(folder)
    if record.get('trained'):
        return
    command = [
        *('python', 'tools/train.py', run.config, '--resume'),
        *('--work-dir', str(folder)),
        *('--cfg-options', *run.options(needed_checkpoint(run, work_dir))),
        *options,
    ]
    record = {
        'contender': run.contender,
        'fraction': run.fraction,
        'seed': run.seed,
        'command': shlex.join(command).replace(str(work_dir), 'WORK_DIR'),
        'wall_seconds': 0,
        'cpu_seconds': 0,
        'peak_memory_mb': 0,
        **record,
    }
    used = execute(command, folder / 'train.log')
    record['wall_seconds'] += used['wall_seconds']
    record['cpu_seconds'] += used['cpu_seconds']
    record['peak_memory_mb'] = max(
        record['peak_memory_mb'], used['peak_memory_mb']
    )
    record['trained'] = used['status'] == 0
    write_record(folder, record)
    if used['status']:
        raise StepError(f'training stopped, see {folder}/train.log')


def needed_checkpoint(run: Run, work_dir: Path) -> str | None:
    """Last checkpoint of the run that this one builds on.

    Raises:
        StepError: If that run is not trained, or its checkpoint is gone.
    """
    if run.needs is None:
        return None
    folder = work_dir / run.needs.name
    if not read_record(folder).get('trained'):
        raise StepError(f'{run.needs.name} must be trained first')
    checkpoint = find_checkpoint(folder, 'last')
    if checkpoint is None:
        raise StepError(
            f'there is no checkpoint in {folder} any more; delete its '
            'record.json to train it again'
        )
    return str(checkpoint)


def test(
    run: Run,
    folder: Path,
    kind: str,
    options: list[str],
    execute: Callable,
) -> None:
    """Test one checkpoint of a run on the test images.

    Raises:
        StepError: If there is no checkpoint or the test fails.
    """
    record = read_record(folder)
    if kind in record.get('tested', {}):
        return
    checkpoint = find_checkpoint(folder, kind)
    if checkpoint is None:
        raise StepError(f'there is no {kind} checkpoint in {folder}')
    last = find_checkpoint(folder, 'last')
    same = iteration_of(checkpoint) == iteration_of(last)
    kind_tested = 'last' if same else kind
    if read_test(folder, kind_tested) is None:
        command = [
            *('python', 'tools/test.py', run.config, str(checkpoint)),
            *('--work-dir', str(folder / f'test_{kind_tested}')),
        ]
        if settings := [*run.model_options(), *options]:
            command += ['--cfg-options', *settings]
        log = folder / f'test_{kind_tested}.log'
        if execute(command, log)['status']:
            raise StepError(f'test stopped, see {log}')
    metrics = read_test(folder, kind_tested)
    metrics['iteration'] = iteration_of(checkpoint)
    record.setdefault('tested', {})[kind] = metrics
    write_record(folder, record)


if __name__ == '__main__':
    main()
