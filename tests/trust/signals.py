"""Signals with which clusters and users stop a run."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from mmseg_usrn.engine.preemption import EXIT_CODE, SIGNALS
from mmseg_usrn.engine.work_dir import is_whole, latest_checkpoint
from tests.trust.processes import TOOLS, end_of, start_tool, wait_for
from tests.trust.resume import write_config
from tests.trust.table import Group, Row

LONG = 10000  # iterations, more than there is time for
EXPECTED = f'exit code {EXIT_CODE}, stopped iteration saved, all gone'
TARGETS = ('the process', 'the launcher', 'rank 1', 'the whole job')


def groups() -> Iterator[Group]:
    """Each signal to each target, and launchers that are killed."""
    for target in TARGETS:
        yield Group(f'signals to {target}', partial(_signals, target))
    yield Group('launcher killed', _killed_launcher)


def _signals(target: str, folder: Path) -> Iterator[Row]:
    config = write_config('usrn', folder)
    for number in SIGNALS:
        name = signal.Signals(number).name
        work_dir = folder / name
        if target == 'the process':
            seen = _one_process(config, work_dir, number)
        else:
            seen = _launched(config, work_dir, number, target)
        yield Row(f'{name} to {target}', EXPECTED, seen)


def _one_process(config: Path, work_dir: Path, number: int) -> str:
    log = Path(f'{work_dir}.log')
    process = start_tool(
        'train.py', *_arguments(config, work_dir), log=log, cwd=config.parent
    )
    if not wait_for(lambda: _iteration(log) >= 3):
        return f'no training: {log.read_text()[-2000:]}'
    os.kill(process, number)
    return _ending(end_of(process), work_dir, log)


def _launched(config: Path, work_dir: Path, number: int, target: str) -> str:
    log = Path(f'{work_dir}.log')
    launcher = _launch(config, work_dir, log)
    try:
        if not wait_for(lambda: _iteration(log) >= 3):
            return f'no training: {log.read_text()[-2000:]}'
        ranks = _ranks(launcher.pid)
        targets = {
            'the launcher': [launcher.pid],
            'rank 1': ranks[1:],
            'the whole job': [launcher.pid, *ranks],
        }
        for process in targets[target]:
            os.kill(process, number)
        code = launcher.wait(60)
        seen = _ending(code, work_dir, log)
        gone = wait_for(lambda: not _alive(ranks), 10)
        return seen if gone else f'{seen}, but not all processes are gone'
    finally:
        launcher.kill()


def _killed_launcher(folder: Path) -> Iterator[Row]:
    config = write_config('usrn', folder)
    launcher = _launch(config, folder / 'run', folder / 'log')
    try:
        assert wait_for(lambda: _iteration(folder / 'log') >= 3)
        ranks = _ranks(launcher.pid)
        launcher.kill()
        launcher.wait()
        gone = wait_for(lambda: not _alive(ranks), 30)
        seen = 'ranks gone within 30 s' if gone else 'ranks go on'
        yield Row('SIGKILL to the launcher', 'ranks gone within 30 s', seen)
        last = latest_checkpoint(folder / 'run')
        whole = last is not None and is_whole(last)
        seen = 'a whole checkpoint' if whole else 'no whole checkpoint'
        yield Row('after that', 'a whole checkpoint', seen)
    finally:
        launcher.kill()


def _launch(config: Path, work_dir: Path, log: Path) -> subprocess.Popen:
    with log.open('w') as output:
        return subprocess.Popen(
            ['bash', TOOLS / 'dist_train.sh', config, '2']
            + _arguments(config, work_dir)[1:],
            cwd=config.parent,
            env={**os.environ, 'PYTHON': sys.executable},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _arguments(config: Path, work_dir: Path) -> list[str]:
    """A run that saves nothing by itself within the time of a test."""
    options = {
        'train_cfg.max_iters': LONG,
        'train_cfg.val_interval': LONG,
        'default_hooks.checkpoint.interval': LONG,
        'default_hooks.logger.type': 'LoggerHook',
        'default_hooks.logger.interval': 1,
        'custom_hooks.0.interval': None,
        'param_scheduler.0.end': LONG,
        'log_level': 'INFO',
        'log_processor.by_epoch': False,
    }
    settings = [f'{key}={value}' for key, value in options.items()]
    return [
        str(config),
        *['--work-dir', str(work_dir), '--cfg-options', *settings],
    ]


def _iteration(log: Path) -> int:
    """The last iteration in a log."""
    text = log.read_text() if log.is_file() else ''
    found = re.findall(r'Iter\(train\) \[ *(\d+)/', text)
    return int(found[-1]) if found else 0


def _ending(code: int, work_dir: Path, log: Path) -> str:
    last = latest_checkpoint(work_dir)
    if last is None:
        return f'exit code {code}, nothing saved: {log.read_text()[-2000:]}'
    done = _iteration(log)
    if last.name != f'iter_{done}.pth':
        return f'exit code {code}, {last.name} after iteration {done}'
    return f'exit code {code}, stopped iteration saved, all gone'


def _ranks(launcher: int) -> list[int]:
    """Processes of the training, in the order of their start."""
    text = subprocess.run(
        ['pgrep', '-P', str(launcher)], capture_output=True, text=True
    )
    return sorted(map(int, text.stdout.split()))


def _alive(processes: list[int]) -> list[int]:
    """Those that still run."""
    return [pid for pid in processes if _state(pid) not in ('', 'Z')]


def _state(process: int) -> str:
    """As `ps` shows it; empty for a process that is gone."""
    try:
        status = Path(f'/proc/{process}/status').read_text()
    except OSError:
        return ''
    return status.partition('State:')[2].split()[0]
