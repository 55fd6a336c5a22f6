"""Memory of a long run."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.trust.processes import start_tool
from tests.trust.resume import write_config
from tests.trust.table import Group, Row

ITERATIONS, MIB = 2000, 16


def groups() -> Iterator[Group]:
    """One long run."""
    yield Group('memory', _flat)


def _flat(folder: Path) -> Iterator[Row]:
    options = {
        'train_cfg.max_iters': ITERATIONS,
        'train_cfg.val_interval': 500,
        'default_hooks.checkpoint.interval': 500,
        'default_hooks.checkpoint.max_keep_ckpts': 1,
        'custom_hooks.0.interval': 200,
        'param_scheduler.0.end': ITERATIONS,
    }
    process = start_tool(
        'train.py',
        write_config('usrn', folder),
        '--cfg-options',
        *[f'{key}={value}' for key, value in options.items()],
        log=folder / 'log',
        cwd=folder,
    )
    sizes = []
    while not os.waitpid(process, os.WNOHANG)[0]:
        sizes.append(_resident(process))
        time.sleep(0.1)
    done = list(folder.glob(f'work_dirs/*/iter_{ITERATIONS}.pth'))
    case = f'memory of {ITERATIONS} iterations'
    expected = f'the last quarter needs less than {MIB} MiB more'
    if not done:
        yield Row(case, expected, (folder / 'log').read_text()[-2000:])
        return
    quarter = len(sizes) // 4
    before, after = median(sizes[quarter : 2 * quarter]), sizes[-quarter:]
    grown = (median(after) - before) / 1024
    seen = expected if grown < MIB else f'it needs {grown:.0f} MiB more'
    yield Row(case, expected, seen)


def _resident(process: int) -> int:
    """Resident memory in KiB; 0 for a process that is gone."""
    text = Path(f'/proc/{process}/status').read_text()
    found = re.search(r'VmRSS:\s*(\d+)', text)
    return int(found[1]) if found else 0
