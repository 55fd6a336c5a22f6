"""What the options of ``new_dataset.py`` say of classes and masks."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmseg_usrn.datasets.class_names import load_classes
from mmseg_usrn.datasets.mask_formats.colors import read_labelmap
from mmseg_usrn.datasets.palette import check_classes

FILE_SUFFIXES = ('.txt', '.csv', '.json', '.yaml', '.yml')
NO_BACKGROUND = 'none'


def given_formats(args: argparse.Namespace) -> dict[str, dict]:
    """Settings of the mask formats that the arguments ask for, by option.

    Raises:
        ValueError: If a file of colours does not exist.
    """
    colors = args.mask_colors
    path = one_file(colors, 'colours')
    formats = {
        '--mask-colors': dict(
            type='LoadColorMasks', colors=str(path) if path else colors
        ),
        '--mask-threshold': dict(
            type='LoadThresholdMasks', thresholds=args.mask_threshold
        ),
        '--mask-files': dict(
            type='LoadClassFileMasks', template=args.mask_files
        ),
    }
    return {o: f for o, f in formats.items() if all(f.values())}


def told_background(args: argparse.Namespace) -> dict:
    """The setting ``background``, if the arguments name it."""
    name = args.mask_background
    if name is None:
        return {}
    none = name == NO_BACKGROUND and name not in args.classes
    return dict(background=None if none else name)


def read_classes(names: list[str], colors: Sequence[str] | None) -> dict:
    """Class names and palette from the command line or a file.

    Args:
        names: What ``--classes`` says.
        colors: What ``--mask-colors`` says: a file names classes, too.

    Raises:
        ValueError: If a file does not exist or is of another form, or names
            are repeated.
    """
    path = one_file(colors, 'colours')
    if not names and path:
        listed = read_labelmap(path)
        meta = dict(classes=[*listed], palette=[*listed.values()])
        return check_classes(meta, str(path))
    if not names:
        return {}
    path = one_file(names, 'classes')
    if path:
        return load_classes(path)
    if len(names) == 1 and ',' in names[0]:
        names = names[0].split(',')
    return check_classes(dict(classes=names), '--classes')


def one_file(values: Sequence[str] | None, kind: str) -> Path | None:
    """The file that a single value is; None if it is no file.

    Args:
        values: What an option says.
        kind: What the file would hold; for the text of an error.

    Raises:
        ValueError: If it is called like a file, and there is none.
    """
    if not values or len(values) > 1:
        return None
    path = Path(values[0])
    if path.is_file():
        return path.resolve()
    like_a_file = path.name != values[0] and ',' not in values[0]
    if like_a_file or path.suffix.lower() in FILE_SUFFIXES:
        raise ValueError(f'there is no file of {kind} {values[0]}')
    return None
