"""MMEngine's runner with a screen that shows what the user needs."""

import logging
import re

from mmengine.logging import MMLogger
from mmengine.runner import Runner

FOR_THE_FILE = re.compile(
    # The config stands in the file that MMEngine dumps.
    r'\n-+\nSystem environment:|Config:\n|Hooks will be executed in'
    # One line for each of hundreds of weights.
    r'|paramwise_options -- |teacher\..* is skipped since its requires_grad'
    r'|Distributed training is not used, all SyncBatchNorm'
    # Advice to who writes metrics and file clients.
    r'|The prefix is not set in metric class|"FileClient" will be deprecated'
    r'|"HardDiskBackend" is the alias'
)
"""Messages that go to the log file alone."""

NOISE = (
    'Default ``avg_non_ignore`` is False',
    'The draw is False, it means that the',
)
"""Warnings of MMSeg about its own defaults, by how they begin."""


class QuietRunner(Runner):
    """A runner that prints some fifty lines before its first iteration.

    The log file has all of MMEngine's messages: the environment, the hooks
    and the settings of each weight.
    """

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """MMEngine's logger; its screen leaves :data:`FOR_THE_FILE` out."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(is_for_the_screen)
        return logger


def is_for_the_screen(record: logging.LogRecord) -> bool:
    """Whether a message belongs on the screen."""
    return not FOR_THE_FILE.match(record.getMessage())
