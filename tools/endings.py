"""How the tools end when something is wrong."""

import logging
import os
import re
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from mmengine.dist import is_distributed

from mmseg_usrn.engine import NotFiniteError
from mmseg_usrn.engine.distributed import process_rank
from mmseg_usrn.engine.errors import LESS_MEMORY, is_out_of_memory
from mmseg_usrn.engine.preemption import EXIT_CODE, Preempted, stop_request
from mmseg_usrn.engine.runner import FOUND_IN, NOISE

OUR_FAULT = (
    'This is a fault of mmseg_usrn or of a package that it uses, not of your '
    'settings: please report it with the lines above and the log file.'
)
WORKER = re.compile(r'Caught \w+ in DataLoader worker process')


for message in NOISE:
    warnings.filterwarnings('ignore', message=message)


@contextmanager
def clear_endings(launcher: str = 'none') -> Iterator[None]:
    """One sentence and exit code 1 for a user's mistake, once for all ranks.

    What is wrong before the training starts is a mistake in settings or
    data. What goes wrong afterwards is none, and shows where it did, unless
    the machine is short of something.

    Args:
        launcher: What has started the processes.
    """
    try:
        yield
    except Preempted:
        _end(EXIT_CODE)
    except Exception as error:
        if process_rank(launcher):
            # The first rank speaks, and its end ends the others.
            time.sleep(10)
        if isinstance(error, NotFiniteError):
            print(f'error: {error}', file=sys.stderr)
        elif is_shortage(error) or (
            is_mistake(error) and not stop_request.is_training
        ):
            print(f'error: {one_sentence(error)}', file=sys.stderr)
        else:
            traceback.print_exc()
            print(OUR_FAULT, file=sys.stderr)
        _end(1)


def _end(code: int) -> NoReturn:
    """End now: a thread of gloo aborts some processes that end slowly."""
    if not is_distributed():
        sys.exit(code)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def is_shortage(error: Exception) -> bool:
    """Whether disk or memory is full, or a file is not there any more."""
    return isinstance(error, OSError) or is_out_of_memory(error)


def is_mistake(error: Exception) -> bool:
    """Whether it is the user who can do something about an error."""
    if isinstance(error, ImportError):
        # A setting needs a package that is not there; ours are there.
        return not (error.name or '').startswith('mmseg_usrn')
    if isinstance(error, ValueError):
        return True
    text = str(error)
    return bool(FOUND_IN.match(text)) or ' registry. Please check' in text


def one_sentence(error: Exception) -> str:
    """The message, with the class that it came from in front.

    Args:
        error: A mistake. The number of the system's errors is left out, and
            so is the traceback of a data worker.
    """
    if is_out_of_memory(error):
        found = str(error).partition('. GPU')[0].rstrip('.')
        return f'the GPU has too little memory ({found}): {LESS_MEMORY}'
    text = error.args[0] if isinstance(error, KeyError) else str(error)
    if isinstance(error, OSError) and WORKER.match(text):
        text = text.strip().rpartition('\n')[2].partition(': ')[2]
    text = re.sub(r'^\[Errno -?\d+\] ', '', str(text))
    match = FOUND_IN.match(text)
    if match:
        text = f'{match[1]}: {text[match.end() :]}'
    return text.partition(' More details can be found at')[0]
