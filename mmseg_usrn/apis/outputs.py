"""Files that would be lost."""

from collections.abc import Iterable
from pathlib import Path


def refuse_existing(paths: Iterable[Path], force: bool = False) -> None:
    """Refuse to overwrite files.

    Args:
        paths: What is to be written.
        force: Whether they may be overwritten.

    Raises:
        ValueError: If one of them exists.
    """
    existing = [str(path) for path in paths if path.exists() and not force]
    if existing:
        raise ValueError(
            f'{", ".join(existing)} would be overwritten: choose another '
            'output, or add --force'
        )
