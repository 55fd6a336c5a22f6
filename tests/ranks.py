"""Functions in several processes under gloo."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Ends at once: a thread of gloo may abort a process that is slow to end.
RANK_CODE = """
import os, runpy, sys
import torch.distributed as dist
from mmseg_usrn.engine.distributed import leave_process_group
dist.init_process_group('gloo')
runpy.run_path(sys.argv[1])[sys.argv[2]](*sys.argv[3:])
leave_process_group()
sys.stdout.flush()
os._exit(0)
"""


def run_ranks(
    function: Callable,
    *args: object,
    world_size: int = 2,
    timeout: float = 200,
) -> None:
    """Run a function of a module in several processes.

    Args:
        function: Gets the arguments as strings; the environment has its
            ``RANK``.
        *args: Its arguments.
        world_size: Number of processes.
        timeout: Seconds that they may take.

    Raises:
        AssertionError: If one fails, with the end of what it has printed.
    """
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    env = {
        **os.environ,
        'MASTER_ADDR': '127.0.0.1',
        'MASTER_PORT': str(port),
        'WORLD_SIZE': str(world_size),
        'OMP_NUM_THREADS': '1',
    }
    file, name = function.__code__.co_filename, function.__name__
    processes = [
        subprocess.Popen(
            [sys.executable, '-c', RANK_CODE, file, name, *map(str, args)],
            env={**env, 'RANK': str(rank), 'LOCAL_RANK': str(rank)},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(world_size)
    ]
    try:
        outputs = [p.communicate(timeout=timeout)[0] for p in processes]
    finally:
        for process in processes:
            process.kill()
    for process, output in zip(processes, outputs, strict=True):
        if process.returncode:
            raise AssertionError(f'{name} failed on a rank\n{output[-20000:]}')
