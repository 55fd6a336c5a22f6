"""Starting the project's tools, one at a time in a folder."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

ROOT = Path(__file__).resolve().parents[1]
stopped = Event()
"""Set when every tool shall stop."""


def step(command: list[str], log: Path, deadline: float, locked: int) -> dict:
    """Run a tool of the project, with one thread, from the project's folder.

    Args:
        command: ``python`` and its arguments.
        log: File that the output is appended to.
        deadline: ``time.monotonic()`` at which the tool is stopped.
        locked: File descriptor of the lock; the tool holds it too, should
            this process be killed before it.

    Returns:
        ``status``, ``wall_seconds``, ``cpu_seconds``, ``peak_memory_mb``.
    """
    begin = time.monotonic()
    with log.open('a') as output:
        process = subprocess.Popen(
            [sys.executable, *command[1:]],
            cwd=ROOT,
            # This checkout's package, wherever another one is installed.
            env={
                **os.environ,
                'OMP_NUM_THREADS': '1',
                'PYTHONPATH': os.pathsep.join(
                    [str(ROOT), os.environ.get('PYTHONPATH', '')]
                ),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[locked],
        )
    pid, terminated = 0, False
    while not pid:
        time.sleep(0.2)
        if not terminated and (
            stopped.is_set() or time.monotonic() > deadline
        ):
            stopped.set()
            process.terminate()
            terminated = True
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    return {
        'status': process.returncode,
        'wall_seconds': round(time.monotonic() - begin, 1),
        'cpu_seconds': round(usage.ru_utime + usage.ru_stime, 1),
        'peak_memory_mb': usage.ru_maxrss // 1024,
    }


@contextmanager
def lock(path: Path) -> Iterator[int | None]:
    """Hold a file lock; None stands for one that another process holds."""
    with path.open('w') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield file.fileno()
