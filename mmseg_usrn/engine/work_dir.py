"""Work directory of a run: its lock, its checkpoints, its pointer."""

import fcntl
import logging
import os
import re
import socket
import zipfile
from pathlib import Path
from typing import TextIO

from mmengine.config import Config
from mmengine.logging import print_log

POINTER = 'last_checkpoint'
"""File that names the newest checkpoint, relative to its own folder."""

PART = '.part'
"""Suffix of a file that is being written."""

_CHECKPOINT = re.compile(r'(?:iter|epoch)_(\d+)\.pth')


def lock_work_dir(folder: str | Path) -> TextIO | None:
    """Keep other runs out of a work dir until this process ends.

    The system takes the lock back however the process ends, and processes
    that it starts do not hold it.

    Args:
        folder: The work dir; made if it is not there.

    Returns:
        The file that holds the lock while it is open, None on file systems
        without locks.

    Raises:
        ValueError: If another run holds it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / 'run.lock').open('a+')
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        file.seek(0)
        raise ValueError(
            f'another run ({file.read().strip() or "elsewhere"}) works in '
            f'{folder}: wait for its end, or choose another --work-dir'
        ) from None
    except OSError as error:
        print_log(
            f'{folder} cannot be locked ({error}): see to it that no other '
            'run works in it',
            logger='current',
            level=logging.WARNING,
        )
        return None
    file.truncate(0)
    file.write(f'process {os.getpid()} on {socket.gethostname()}\n')
    file.flush()
    return file


def lock_run(cfg: Config) -> list[TextIO | None]:
    """Lock all folders of a run.

    Args:
        cfg: Its config.

    Returns:
        The files that hold the locks while they are open.

    Raises:
        ValueError: If another run holds one of them.
    """
    return [lock_work_dir(folder) for folder in folders_of(cfg)]


def check_work_dir(folder: str) -> None:
    """Refuse a work dir that cannot be written to.

    Args:
        folder: It need not be there.

    Raises:
        ValueError: If a file is in its way, or the rights are missing.
    """
    place = Path(folder).absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK):
        what = 'cannot be written to' if place.is_dir() else 'is a file'
        raise ValueError(
            f'work_dir={folder}: {place} {what}; choose another --work-dir'
        )


def folders_of(cfg: Config) -> list[Path]:
    """The work dir of a run, and where its checkpoints are if elsewhere.

    Args:
        cfg: The config of the run. MMEngine's checkpoint hook saves in a
            folder named like the work dir, below its ``out_dir``.
    """
    folder = Path(cfg.work_dir)
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    out_dir = hook.get('out_dir')
    if not out_dir or '://' in str(out_dir):
        return [folder]
    return list(dict.fromkeys([folder, Path(out_dir, folder.name)]))


def latest_checkpoint(*folders: str | Path) -> Path | None:
    """The newest whole checkpoint of a run.

    The pointer should name it. Where it does not, or a file is broken, it is
    said what is taken instead.

    Args:
        *folders: The work dir, and further folders of the run.

    Returns:
        Its path, or None if there is no checkpoint at all.

    Raises:
        ValueError: If there are checkpoints, but none is whole.
    """
    pointed, found = _pointed(folders[0]), checkpoints(*folders)
    for path in found:
        if is_whole(path):
            if pointed is None or not _same(path, pointed):
                _say(f'{POINTER} does not name {path}, the newest whole one')
            return path
        _say(f'{path} is no whole checkpoint and left out')
    if found:
        raise ValueError(
            f'none of the {len(found)} checkpoints in {folders[0]} is whole; '
            'delete them to start anew, or choose another --work-dir'
        )
    if pointed is not None:
        _say(f'there is no {pointed}, which {POINTER} names')
    return None


def checkpoints(*folders: str | Path) -> list[Path]:
    """Checkpoints that a run can go on from, newest first.

    Args:
        *folders: The work dir, and further folders of the run. What the
            pointer of the work dir names comes first if it is elsewhere.
    """
    named = [
        (int(match[1]), path)
        for folder in folders
        for path in Path(folder).glob('*.pth')
        if (match := _CHECKPOINT.fullmatch(path.name))
    ]
    found = [path for _, path in sorted(named, reverse=True)]
    pointed = _pointed(folders[0])
    if pointed is None or not pointed.is_file():
        return found
    known = any(_same(path, pointed) for path in found)
    return found if known else [pointed, *found]


def continue_or_refuse(cfg: Config, resume: bool) -> None:
    """Set the config to go on with the run in its work dir, or to begin one.

    Args:
        cfg: The config of the run, changed in place. A resumed run does not
            look at ``load_from``, the weights that it began with.
        resume: Whether an earlier run is to be gone on with.

    Raises:
        ValueError: If there is an earlier run that is not to be resumed.
    """
    folder, found = cfg.work_dir, checkpoints(*folders_of(cfg))
    cfg.resume = resume and bool(found)
    if cfg.resume:
        cfg.load_from = None
    elif found:
        where = found[0].parent
        raise ValueError(
            f'{where} holds checkpoints of an earlier run, the newest '
            f'{found[0].name}: --resume continues that run, --work-dir '
            'chooses another folder; delete them to start over'
        )
    elif resume:
        weights, pointed = cfg.get('load_from'), _pointed(folder)
        gone = f' (there is no {pointed}, which {POINTER} names)'
        _say(
            f'--resume found no checkpoint in {folder}'
            f'{gone if pointed else ""}: this run starts at '
            'iteration 0'
            + (f', from the weights of {weights}' if weights else '')
            + "; to go on with another folder's run, name that folder by "
            '--work-dir'
        )


def is_whole(path: Path) -> bool:
    """Whether a checkpoint is there to its last byte, as it was written."""
    try:
        with zipfile.ZipFile(path) as file:
            return file.testzip() is None
    except (zipfile.BadZipFile, OSError, EOFError, ValueError):
        return False


def replace(part: str | Path, path: str | Path) -> None:
    """Put a file that is written in the place of another one, at once.

    Args:
        part: The new file, in the same folder.
        path: Where it goes.
    """
    with open(part, 'rb') as file:
        os.fsync(file.fileno())
    os.replace(part, path)
    folder = os.open(Path(path).parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_pointer(folder: str | Path, checkpoint: str | Path) -> None:
    """Let the pointer of a work dir name a checkpoint.

    Args:
        folder: The work dir.
        checkpoint: The file; local ones are named relative to the folder.
    """
    name = str(checkpoint)
    if '://' not in name:
        name = os.path.relpath(name, folder)
    part = Path(folder, POINTER + PART)
    part.write_text(name)
    replace(part, Path(folder, POINTER))


def _pointed(folder: str | Path) -> Path | None:
    try:
        name = Path(folder, POINTER).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
    if not name:
        return None
    # Of a folder that was moved, MMEngine's own pointer names another place.
    beside = Path(folder, Path(name).name)
    if beside.is_file():
        return beside
    return Path(os.path.normpath(Path(folder, name)))


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _say(text: str) -> None:
    print_log(text, logger='current', level=logging.WARNING)
