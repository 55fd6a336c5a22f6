"""Which text files are YOLO's, and what their numbers stand for."""

import os.path as osp
import re
from collections.abc import Sequence
from pathlib import Path

import mmengine
import yaml

LINE = re.compile(r'\d+(\.0+)?(\s+-?[\d.]+(e-?\d+)?){4,}\s*')
CONFIGS = ('data.yaml', 'dataset.yaml', 'data.yml')
LEVELS = 4  # folders above the labels in which a config may lie


def is_yolo(paths: Sequence[str]) -> bool:
    """Whether text files hold YOLO's polygons.

    Args:
        paths: Some of the files; those that are no text do not count.

    Raises:
        ValueError: If they hold boxes.
    """
    lines = [line for path in paths for line in _lines(path)]
    if not lines or not all(LINE.fullmatch(line) for line in lines):
        return False
    if all(len(line.split()) == 5 for line in lines):
        raise ValueError(
            f'{paths[0]} and the like hold boxes (5 numbers a line), not '
            'polygons: masks need polygons'
        )
    return True


def _lines(path: str) -> list[str]:
    """Lines of a text that are not empty; none of another file."""
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
    except (OSError, UnicodeDecodeError):  # the data check lists it
        return []
    return [line for line in text.splitlines() if line.strip()]


def yolo_names(where: str) -> dict[int, str]:
    """Names in the YAML file that lies beside the labels or above them.

    Args:
        where: Folder of the labels.

    Returns:
        Name of every number, in the order of the numbers; none without such
        a file.

    Raises:
        ValueError: If the file is damaged, or a key is no number.
    """
    folder = osp.abspath(where)
    for _ in range(LEVELS):
        for path in (osp.join(folder, name) for name in CONFIGS):
            names = _read_names(path) if osp.isfile(path) else {}
            if names:
                return names
        folder = osp.dirname(folder)
    return {}


def _read_names(path: str) -> dict[int, str]:
    """The entry ``names``, a list or a mapping from numbers."""
    try:
        content = mmengine.load(path)
    except yaml.YAMLError as error:
        raise ValueError(f'{path} is damaged: {error}') from None
    names = content.get('names') if isinstance(content, dict) else None
    if not isinstance(names, dict):
        return {i: str(name) for i, name in enumerate(names or ())}
    try:
        numbered = {int(key): str(name) for key, name in names.items()}
    except ValueError:
        raise ValueError(
            f'{path}: the keys of names must be the numbers in the files of '
            f'labels, got {", ".join(map(str, names))}'
        ) from None
    return dict(sorted(numbered.items()))
