"""Reading of config files, with one sentence for what is wrong in them."""

import re
from argparse import ArgumentError, ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction

_DICT = re.compile(r'(?:^|[\[(,=])[\s\'"]*(?:dict\(|\{(?:\}|[\'"\w]+\s*:))')
"""Where a dict begins in a setting; ``{stem}.png`` is none."""


def read_config(path: str | Path) -> Config:
    """Read a config file.

    Args:
        path: The file.

    Returns:
        The merged config.

    Raises:
        ValueError: If the file is not there, or it or one of its bases
            cannot be read.
    """
    if not Path(path).is_file():
        raise ValueError(f'there is no config file {path}')
    try:
        return Config.fromfile(path)
    except FileNotFoundError as error:
        missing = error.filename or error
        raise ValueError(
            f'{path} names a file that is not there: {missing}; look at its '
            '_base_'
        ) from error
    except Exception as error:  # a config is a program of the user's
        kind, text = type(error).__name__, str(error).partition('\n')[0]
        raise ValueError(
            f'the config {path} cannot be read: {kind}: {text}'
        ) from error


class KeyValueAction(DictAction):
    """MMEngine's action, with a sentence for what it cannot read."""

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Read settings of the form ``key=value``."""
        for setting in values:
            key, _, value = setting.partition('=')
            if _DICT.search(value):
                entry = re.search(r'[({[\s\'"](\w+)[\'"]?\s*[=:]', value)
                raise ArgumentError(
                    self,
                    f'{setting}: a value such as dict(...) or {{...}} cannot '
                    'be given on the command line; write '
                    f'{key}.{entry[1] if entry else "KEY"}=... for each of '
                    'its entries, or put it into the config file',
                )
        try:
            super().__call__(parser, namespace, values, option_string)
        except (ValueError, AssertionError, RecursionError) as error:
            raise ArgumentError(
                self,
                'each setting is one word of the form key=value, with the '
                f'brackets that it opens; got {" ".join(values)} ({error})',
            ) from None
