"""Finding images and masks in folders.

Files are named by their *stem*: the path below the folder, with ``/`` and
without the suffix. ``trip1/a.JPG`` has the stem ``trip1/a``.
"""

import os
import os.path as osp
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from mmengine import fileio

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.tif', '.tiff', '.bmp', '.webp')
# No JPEG: its compression changes class indices.
MASK_SUFFIXES = ('.png', '.tif', '.tiff', '.bmp', '.webp')
# Of masks that are read by a rule of their own.
LOSSY_SUFFIXES = ('.gif', '.jpg', '.jpeg')


def name_some(
    items: Iterable[object],
    limit: int = 5,
    separator: str = ', ',
    tail: str = ' and',
) -> str:
    """Join the first items and count the others: ``a, b and 7 more``.

    Args:
        items: What to name.
        limit: How many are named.
        separator: Text between two of them.
        tail: Text before the number of the others.
    """
    names = [str(item) for item in items]
    hidden = len(names) - limit
    text = separator.join(names[:limit])
    return f'{text}{tail} {hidden} more' if hidden > 0 else text


def as_list(value: str | Sequence[str] | None) -> list[str]:
    """Take one string, several or none as a list of strings."""
    if not value:
        return []
    return [value] if isinstance(value, str) else list(value)


def strip_suffix(path: str, suffixes: Sequence[str]) -> str | None:
    """Take the suffix off a path.

    Args:
        path: Path of a file.
        suffixes: Suffixes to try, in any case; the longest one counts. One
            with ``{}`` is a whole file name: ``img_{}.png`` gives
            ``trip/7`` for ``trip/img_7.png``; ``*`` in it is any text.

    Returns:
        The path without its suffix, or None if it has none of them.
    """
    for suffix in sorted(suffixes, key=len, reverse=True):
        if '{}' in suffix:
            folder, name = osp.split(path)
            match = _pattern(suffix).fullmatch(name)
            if match:
                return osp.join(folder, match[1])
        elif path.lower().endswith(suffix.lower()):
            return path[: len(path) - len(suffix)]
    return None


@cache
def _pattern(suffix: str) -> re.Pattern:
    """A file name with ``{}`` for the stem and ``*`` for any text."""
    text = re.escape(suffix).replace(r'\{\}', '(.+)', 1)
    return re.compile(text.replace(r'\*', '.*'), re.IGNORECASE)


def find_files(
    folder: str,
    suffixes: Sequence[str],
    what: str = 'image',
    backend_args: dict | None = None,
) -> dict[str, list[str]]:
    """Find all files below a folder that have one of the suffixes.

    Args:
        folder: Folder to search, subfolders included; hidden files and
            folders (``.ipynb_checkpoints``) are not.
        suffixes: Suffixes that count, in any case.
        what: What the files are; for the text of an error.
        backend_args: Settings of MMEngine's file backend.

    Returns:
        Paths of the files of every stem, both sorted.

    Raises:
        ValueError: If there is no such folder, or no such file in it.
    """
    if not fileio.isdir(folder, backend_args=backend_args):
        raise ValueError(
            f'the {what} folder {folder} does not exist '
            f'(searched from {osp.abspath(".")})'
        )
    found = defaultdict(list)
    others = Counter()
    is_local = not backend_args and '://' not in folder
    paths = (
        _list_files(folder)
        if is_local
        else fileio.list_dir_or_file(
            folder, list_dir=False, recursive=True, backend_args=backend_args
        )
    )
    for path in paths:
        if any(part.startswith('.') for part in path.split('/')):
            continue
        stem = strip_suffix(path, suffixes)
        if stem is None:
            others[osp.splitext(path)[1] or 'no suffix'] += 1
        else:
            found[stem].append(osp.join(folder, path))
    if not found:
        raise ValueError(_nothing_found(folder, suffixes, what, others))
    return {stem: sorted(found[stem]) for stem in sorted(found)}


def _list_files(folder: str, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Paths of the files below a local folder, relative to it.

    Links are followed, but for those to a folder that they are in. Those to
    a file that is missing count as files, so that its absence is noticed.

    Args:
        folder: The folder.
        above: Real paths of the folders that led here.
    """
    way = (*above, osp.join(osp.realpath(folder), ''))
    for entry in os.scandir(folder):
        if not entry.is_dir():  # a link to a missing file is one, too
            yield entry.name
        elif not entry.name.startswith('.'):
            there = osp.join(osp.realpath(entry.path), '')
            if not any(one.startswith(there) for one in way):
                for path in _list_files(entry.path, way):
                    yield f'{entry.name}/{path}'


def _nothing_found(folder, suffixes, what, others: Counter) -> str:
    there = ', '.join(f'{n} x {suffix}' for suffix, n in others.most_common(5))
    return (
        f'no {what} in {folder} or its subfolders: no file ends in '
        f'{" ".join(suffixes)} (in any case); '
        + (f'what is there: {there}' if there else 'it holds no file at all')
    )


def one_per_stem(files: dict[str, list[str]], setting: str) -> dict[str, str]:
    """Take the only file of every stem.

    Args:
        files: Paths of every stem, from :func:`find_files`.
        setting: Name of the setting that tells such files apart.

    Returns:
        Path of every stem.

    Raises:
        ValueError: If two files differ in nothing but the suffix.
    """
    for stem, paths in files.items():
        if len(paths) > 1:
            raise ValueError(
                f'{" and ".join(paths)} differ only in their suffix, so it is '
                f'not clear which one belongs to {stem}; remove one, or set '
                f"{setting}, for example {setting}='{_suffix(paths[0], stem)}'"
            )
    return {stem: paths[0] for stem, paths in files.items()}


def _suffix(path: str, stem: str) -> str:
    return path.replace('\\', '/').rpartition(stem)[2]


def locate(
    stems: Sequence[str],
    folders: Sequence[str],
    suffixes: Sequence[str],
    backend_args: dict | None = None,
) -> dict[str, list[str]]:
    """Find the files of given stems.

    Args:
        stems: Stems below one of the folders; a suffix is taken off, and
            counts if there is such a file.
        folders: Folders to look in; the first one that has the stem counts.
        suffixes: Suffixes that count, in any case.
        backend_args: Settings of MMEngine's file backend.

    Returns:
        Paths of every stem, in the order of ``stems``; an empty list for a
        stem that no folder has.
    """

    @cache
    def files_in(folder: str) -> dict[str, list[str]]:
        files = defaultdict(list)
        if fileio.isdir(folder, backend_args=backend_args):
            for name in fileio.list_dir_or_file(
                folder, list_dir=False, backend_args=backend_args
            ):
                stem = strip_suffix(name, suffixes)
                files[stem].append(osp.join(folder, name))
        return files

    located = {}
    for name in stems:
        stem = strip_suffix(name, suffixes) or name
        paths = located.setdefault(stem, [])
        for folder in folders:
            parent, last = osp.split(osp.join(folder, stem))
            found = sorted(files_in(parent).get(last, []))
            exact = osp.join(folder, name)
            found = [exact] if exact in found else found
            paths.extend(path for path in found if path not in paths)
            if found:
                break
    return located


def expected(folder: str, stem: str, suffixes: Sequence[str]) -> str:
    """Path that a missing file would have."""
    if '{}' in suffixes[0]:
        parent, name = osp.split(stem)
        return osp.join(folder, parent, suffixes[0].replace('{}', name))
    return osp.join(folder, stem + suffixes[0])
