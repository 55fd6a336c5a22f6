"""Annotations of many images in one JSON file."""

import json
import os.path as osp
import re
from collections import defaultdict

from mmengine import fileio

from ..image_files import IMAGE_SUFFIXES, strip_suffix

RECORD = re.compile(r'(.+?\.json)#(.*)', re.IGNORECASE | re.DOTALL)


def record_source(path: str, name: str) -> str:
    """Source of a record: ``annotations.json#a.jpg``."""
    return f'{path}#{name}'


def split_source(source: str) -> tuple[str, str]:
    """Path of the file, and name of the image."""
    match = RECORD.fullmatch(source)
    return (match[1], match[2]) if match else (source, '')


def load_json(path: str, backend_args: dict | None = None):
    """Read a JSON file.

    Raises:
        ValueError: If it is not JSON.
    """
    try:
        return json.loads(fileio.get(path, backend_args=backend_args))
    except ValueError as error:
        raise ValueError(f'{path} is damaged: {error}') from None


def match_names(names: list[str], stems: list[str], path: str) -> dict:
    """Match the images of a JSON file with those of a folder.

    File names in JSON files have other folders than the images, or none. An
    equal path counts most, then one that ends like the other, then an equal
    file name.

    Args:
        names: File names in the JSON file.
        stems: Stems of the images.
        path: Path of the JSON file.

    Returns:
        The name of every stem that has one.

    Raises:
        ValueError: If a match is not clear, or there is none.
    """
    named = defaultdict(list)
    for name in names:
        parts = _stem(name).split('/')
        named[parts[-1]].append((parts, name))
    matched, users = {}, defaultdict(list)
    for stem in stems:
        parts = stem.split('/')
        fitting = [
            (_likeness(parts, other), name) for other, name in named[parts[-1]]
        ]
        if fitting:
            best = max(fitting)[0]
            names_of = [name for likeness, name in fitting if likeness == best]
            _refuse_several(names_of, f'images of {path} fit', stem)
            matched[stem] = names_of[0]
            users[names_of[0], best < EQUAL].append(stem)
    for (name, unclear), stems_of in users.items():
        if unclear:
            _refuse_several(stems_of, 'images fit', f'{name} of {path}')
    if not matched:
        raise ValueError(
            f'no image of {path} has the name of one in the folder: it names '
            f'images like {next(iter(names), "(none)")}, the folder has '
            f'{next(iter(stems), "(none)")}'
        )
    return matched


EQUAL, END, FILE_NAME = 2, 1, 0


def _likeness(parts: list[str], other: list[str]) -> int:
    """How alike two paths of the same file name are."""
    if parts == other:
        return EQUAL
    common = min(len(parts), len(other))
    return END if parts[-common:] == other[-common:] else FILE_NAME


def _refuse_several(found: list[str], what: str, name: str) -> None:
    if len(found) > 1:
        raise ValueError(
            f'{len(found)} {what} {name}: {", ".join(found[:3])}; give them '
            'different names'
        )


def _stem(name: str) -> str:
    """Path of an image without suffix."""
    name = name.replace('\\', '/')
    return strip_suffix(name, IMAGE_SUFFIXES) or osp.splitext(name)[0]
