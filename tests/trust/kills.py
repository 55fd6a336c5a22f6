"""Runs that are killed at any moment, and within their writes."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.fileio.backends import LocalBackend

from mmseg_usrn.engine.work_dir import PART, POINTER
from tests.trust.processes import end_of, start_tool
from tests.trust.resume import EQUAL, LENGTH, compare_ends, write_config
from tests.trust.table import Group, Row

RANDOM, PARTS = 22, 2
EXPECTED = f'resumed, {EQUAL}'


def groups() -> Iterator[Group]:
    """22 kills at random times, 19 within writes."""
    for part in range(PARTS):
        seeds = range(part, RANDOM, PARTS)
        yield Group(f'random kills {part}', partial(_random, seeds))
    for place in PLACES:
        yield Group(f'kills {place}', partial(_placed, place))


def _random(seeds: range, folder: Path) -> Iterator[Row]:
    run = _Runs(folder)
    for seed in seeds:
        moment = np.random.default_rng(seed).uniform(0, run.seconds)
        process = run.start(f'random{seed}')
        time.sleep(moment)
        os.killpg(process, signal.SIGKILL)
        end_of(process)
        share = moment / run.seconds
        case = f'killed after {share:.0%} of the run'
        yield Row(case, EXPECTED, run.resume(f'random{seed}'))


def _placed(place: str, folder: Path) -> Iterator[Row]:
    run = _Runs(folder)
    last = 4 if 'older' in place else 5
    for number in range(1, last + 1):
        work_dir = f'placed{number}'
        process = run.start(work_dir, partial(PLACES[place], number))
        code = end_of(process)
        case = f'killed {place} {number}'
        if code != -signal.SIGKILL:
            yield Row(case, EXPECTED, f'not killed, exit code {code}')
        else:
            yield Row(case, EXPECTED, run.resume(work_dir))


class _Runs:
    """An uninterrupted run, and others that are compared with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = write_config('usrn', folder)
        begin = time.monotonic()
        code = end_of(self.start('whole'))
        self.seconds = time.monotonic() - begin
        log = (folder / 'whole.log').read_text()
        assert code == 0, f'exit code {code}\n{log}'

    def start(
        self,
        name: str,
        before: Callable[[], None] | None = None,
        resume: bool = False,
    ) -> int:
        return start_tool(
            'train.py',
            self.config,
            *['--work-dir', self.folder / name, *['--resume'] * resume],
            *['--cfg-options', 'default_hooks.checkpoint.max_keep_ckpts=2'],
            log=self.folder / f'{name}.log',
            cwd=self.folder,
            before=before,
        )

    def resume(self, name: str) -> str:
        """What comes out when the run goes on."""
        code = end_of(self.start(name, resume=True))
        if code:
            log = (self.folder / f'{name}.log').read_text()
            return f'exit code {code}: {log[-2000:]}'
        work_dir = self.folder / name
        left = [path.name for path in work_dir.glob(f'*{PART}')]
        if left:
            return f'left behind: {left}'
        if (work_dir / POINTER).read_text() != f'iter_{LENGTH}.pth':
            return 'another checkpoint is named the last'
        return f'resumed, {compare_ends(self.folder / "whole", work_dir)}'


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _at_call(
    owner: Any, name: str, number: int, how: Callable[[Callable, tuple], Any]
) -> None:
    """Let a function do something else when it is called that often."""
    original, calls = getattr(owner, name), 0

    def replaced(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            how(partial(original, **kwargs), args)
            _die()
        return original(*args, **kwargs)

    setattr(owner, name, replaced)


def _half_written(put: Callable, args: tuple) -> None:
    backend, content, path = args
    put(backend, content[: len(content) // 2], path)


PLACES: dict[str, Callable[[int], None]] = {
    'with a checkpoint half written, write': lambda number: _at_call(
        LocalBackend, 'put', number, _half_written
    ),
    'before a file gets its name, file': lambda number: _at_call(
        os, 'replace', number, lambda call, args: None
    ),
    'after a file got its name, file': lambda number: _at_call(
        os, 'replace', number, lambda call, args: call(*args)
    ),
    'before an older checkpoint goes, checkpoint': lambda number: _at_call(
        LocalBackend, 'remove', number, lambda call, args: None
    ),
}
"""Where a run is killed; the number counts the calls."""
