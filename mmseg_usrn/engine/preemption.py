"""Orderly end of a run that its machine is taken from.

Clusters announce the end of a job by a signal. The run then saves a
checkpoint and ends with :data:`EXIT_CODE`, which tells the cluster to start
it again; with ``--resume`` it goes on.
"""

import ctypes
import os
import signal
import threading
import time
from types import FrameType

import torch
from mmengine.dist import all_reduce, get_world_size

EXIT_CODE = 75
"""What a run that was stopped ends with: ``EX_TEMPFAIL``, try again later."""

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)

GRACE = 20.0
"""Seconds after which a process without its launcher ends in any case."""


class Preempted(SystemExit):
    """The end of a run that was asked to stop; its code is ``EXIT_CODE``."""

    def __init__(self) -> None:
        super().__init__(EXIT_CODE)


class StopRequest:
    """What was asked of this process by signals.

    Until ``is_training`` is set there is nothing to save, and a signal ends
    the process at once; afterwards the run looks whether it is asked to
    stop.
    """

    def __init__(self) -> None:
        self.name = ''
        self.is_training = False

    def listen(self) -> None:
        """Take the signals from now on."""
        for number in SIGNALS:
            signal.signal(number, self._take)

    def on_any_rank(self) -> bool:
        """Whether some rank was asked; all ranks call it together."""
        asked = bool(self.name)
        if get_world_size() == 1:
            return asked
        votes = torch.tensor(int(asked))
        all_reduce(votes, 'max')
        return bool(votes)

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.name = signal.Signals(number).name
        if not self.is_training:
            raise Preempted


stop_request = StopRequest()
"""The one of this process."""


def end_with_launcher() -> None:
    """Let this process stop when the process that started it is gone.

    It is asked to stop as by a signal; a collective operation that waits for
    a rank which is gone would keep it, so that it ends after :data:`GRACE`
    in any case.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(EXIT_CODE)

    threading.Thread(target=watch, daemon=True).start()


def follow_parent(worker: int = 0) -> None:
    """Let a data worker live as long as the process that it works for.

    Signals that a cluster or a terminal sends to all processes would end it
    before its parent has saved a checkpoint.

    Args:
        worker: Its number, which PyTorch passes.
    """
    for number in (signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    if not hasattr(signal, 'sigwaitinfo'):  # not Linux
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_end_for_parent, daemon=True).start()
    set_death_signal = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def _end_for_parent() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
