"""MMEngine's runner with a screen that shows what the user needs."""

import logging
import re
import traceback
from pathlib import Path

from mmengine.logging import MMLogger
from mmengine.runner import Runner
from torch import nn

from mmseg_usrn.models.checkpoints import protect_loading

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
    # PyTorch, of more workers than cores: the config is for any machine.
    'This DataLoader will create',
    # MMEngine, of a variable that nothing reads any more: PyTorch has its
    # threads by then.
    'Setting MKL_NUM_THREADS',
    # MMSegmentation's base configs name the weights of a backbone this way,
    # and it takes them as those of init_cfg.
    'DeprecationWarning: pretrained is a deprecated',
    # MMEngine, of every mask that is averaged over augmented images.
    'The shape of value will convert',
)
"""Warnings about defaults, by how they begin."""

FOUND_IN = re.compile(r'^(?:class `(\w+)` in \S+: )+')
"""What MMEngine puts in front of errors in what it builds, and which class."""


class QuietRunner(Runner):
    """A runner that prints some fifty lines before its first iteration.

    The log file has all of MMEngine's messages: the environment, the hooks
    and the settings of each weight. Files of weights that a config names
    cannot run programs, unless they are trusted (``--trust-checkpoint``).
    """

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """MMEngine's logger; its screen leaves :data:`FOR_THE_FILE` out."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(is_for_the_screen)
        return logger

    def build_model(self, model: nn.Module | dict) -> nn.Module:
        """Build the model.

        Args:
            model: Its config.

        Raises:
            ValueError: If it cannot be built from its settings.
        """
        protect_loading(trust=None)
        try:
            return super().build_model(model)
        except Exception as error:
            raise ValueError(
                f'the model cannot be built: {reason(error)}; look at model '
                'in the config'
            ) from error


def reason(error: Exception) -> str:
    """What went wrong, and where if it is not said by a ``ValueError``."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = FOUND_IN.sub('', str(error)) or str(frame.line)
    if isinstance(error, ValueError):
        return text
    where = '/'.join(Path(frame.filename).parts[-2:])
    return f'{type(error).__name__}: {text} ({where}:{frame.lineno})'


def is_for_the_screen(record: logging.LogRecord) -> bool:
    """Whether a message belongs on the screen."""
    return not FOR_THE_FILE.match(record.getMessage())
