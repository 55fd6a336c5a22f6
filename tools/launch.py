"""Starts a tool in several processes, as torchrun does.

    python tools/launch.py --nproc_per_node=2 tools/train.py CONFIG \
        --launcher pytorch

Signals go on to the processes, and the exit code is theirs. What they print
is not followed by a report of the launcher.
"""

import logging
import signal
import sys

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import parse_args, run

STOPPED = 75  # as mmseg_usrn.engine.preemption.EXIT_CODE
FORWARDED = 'SIGTERM,SIGINT,SIGUSR1,SIGHUP,SIGQUIT'
SECONDS_TO_SAVE = 300


def main(arguments: list[str]) -> int:
    """Run the processes to their end.

    Args:
        arguments: Those of torchrun, then the tool and its arguments.

    Returns:
        The exit code of the first process that failed, 0 if none did.
    """
    args = parse_args(arguments)
    args.signals_to_handle = FORWARDED
    args.shutdown_timeout = SECONDS_TO_SAVE
    logging.getLogger('torch.distributed.elastic').setLevel(logging.CRITICAL)
    try:
        run(args)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode < 0:
            name = signal.Signals(-failure.exitcode).name
            print(f'rank {rank} was ended by {name}', file=sys.stderr)
        return failure.exitcode if failure.exitcode > 0 else 1
    except SignalException:
        return STOPPED
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
