"""Tools in processes of their own, which start at once."""

import os
import runpy
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


def start_tool(
    name: str,
    *args: object,
    log: Path,
    cwd: Path,
    before: Callable[[], None] | None = None,
) -> int:
    """Start ``tools/NAME`` in a fork of this process.

    What this process has imported need not be imported again.

    Args:
        name: The tool.
        *args: Its arguments.
        log: Where its output goes.
        cwd: Where it runs.
        before: Called in the new process before the tool.

    Returns:
        The number of the process.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if process := os.fork():
        return process
    code = 1
    try:
        os.setsid()
        os.chdir(cwd)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        path = str(TOOLS / name)
        sys.path[0] = str(TOOLS)
        sys.argv = [path, *map(str, args)]
        if before:
            before()
        runpy.run_path(path, run_name='__main__')
        code = 0
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
        code = error.code if isinstance(error.code, int) else bool(error.code)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def end_of(process: int, timeout: float = 120) -> int:
    """Wait for a process.

    Args:
        process: Its number.
        timeout: Seconds after which it is killed.

    Returns:
        Its exit code; minus the number of the signal that ended it.
    """
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    raise TimeoutError(f'process {process} took over {timeout} s')


def wait_for(condition: Callable[[], object], timeout: float = 120) -> bool:
    """Wait until something is so; whether it came to be in time."""
    until = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
