"""Outputs that would be lost, or that cannot be written."""

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile


def check_outputs(paths: Iterable[Path], force: bool = False) -> None:
    """Refuse outputs before the work that they are written by.

    Args:
        paths: What is to be written.
        force: Whether existing files may be overwritten.

    Raises:
        ValueError: If one of them exists, or its folder cannot be written to.
    """
    paths = list(paths)
    refuse_existing(paths, force)
    for folder in dict.fromkeys(path.parent for path in paths):
        check_folder(folder)


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


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be made or written to; nothing is left.

    Args:
        folder: Where something is to be written.

    Raises:
        ValueError: If it is a file, or no file can be made in it or in the
            folder that it would lie in.
    """
    places = (folder, *folder.parents)
    there = next(place for place in places if os.path.lexists(place))
    if there.is_file():
        raise ValueError(
            f'nothing can be written to {folder}: {there} is a file; name a '
            'folder'
        )
    try:
        with TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise ValueError(
            f'nothing can be written to {folder}: no file can be made in '
            f'{there} ({error.strerror}); choose another output'
        ) from None
