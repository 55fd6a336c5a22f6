"""A mistake of a user."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config


@dataclass(frozen=True)
class Case:
    """A mistake in a training that is right otherwise.

    Args:
        name: What it is.
        expected: Words of the sentence that refuses it.
        settings: Changes of the config file, by dotted keys.
        options: Arguments of ``--cfg-options``.
        change: Changes the config in a way of its own.
        damage: Changes the folder with images and config.
        tool: The tool that is started.
        arguments: Its arguments; by default the config.
    """

    name: str
    expected: str
    settings: dict[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    change: Callable[[Config], object] | None = None
    damage: Callable[[Path], object] | None = None
    tool: str = 'train.py'
    arguments: tuple[str, ...] = ('toy.py',)

    def command(self) -> tuple[str, ...]:
        """All arguments of the tool."""
        if not self.options:
            return self.arguments
        return (*self.arguments, '--cfg-options', *self.options)
