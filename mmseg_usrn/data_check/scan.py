"""Looking at all files of the data: several at a time, each only once."""

import json
import logging
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from .files import ImageFacts, MaskFacts, look
from .parts import Part, Source, describe

CACHE_VERSION = 6
PROGRESS_SECONDS = 10
MAX_THREADS = 16


@dataclass
class Scan:
    """What was seen of all files.

    Attributes:
        parts: The parts of the data, by name.
        num_classes: Outputs of the model; None if nothing says.
    """

    parts: dict[str, Part] = field(default_factory=dict)
    num_classes: int | None = None


def scan(
    datasets: Mapping[str, BaseDataset | None],
    num_classes: int | None = None,
    cache_file: str | Path | None = None,
    num_threads: int | None = None,
) -> Scan:
    """Look at every file of the data once.

    Args:
        datasets: ``labeled``, ``unlabeled`` and ``val``, any datasets of
            MMSegmentation; those that are None are left out.
        num_classes: Outputs of the model. Defaults to the number of classes
            of the datasets.
        cache_file: JSON file that keeps what was seen. Files whose size and
            time of change are still the same are not read again.
        num_threads: Files read at a time. Defaults to the number of CPUs;
            decoding runs outside Python's lock.

    Returns:
        The facts about all files.
    """
    parts = {
        name: describe(name, dataset, num_classes)
        for name, dataset in datasets.items()
        if dataset is not None
    }
    return Scan(look_at(parts, cache_file, num_threads), num_classes)


def look_at(
    parts: dict[str, Part],
    cache_file: str | Path | None = None,
    num_threads: int | None = None,
) -> dict[str, Part]:
    """Fill in the facts of all files.

    Args:
        parts: The parts, changed in place.
        cache_file: As for :func:`scan`.
        num_threads: As for :func:`scan`.

    Returns:
        The same parts.
    """
    memory = _Memory(cache_file)
    threads = num_threads or min(os.cpu_count() or 1, MAX_THREADS)
    with ThreadPoolExecutor(threads) as pool:
        for part in parts.values():
            if not part.remote:
                for source in part.sources:
                    _scan_source(part.name, source, pool, memory)
    memory.save()
    return parts


def _scan_source(
    name: str, source: Source, pool: ThreadPoolExecutor, memory: '_Memory'
) -> None:
    """Fill in the facts of one dataset's files."""
    started = noted = time.monotonic()
    results = pool.map(
        lambda info: memory.facts(info, source), source.infos.values()
    )
    for number, (path, facts) in enumerate(
        zip(source.infos, results, strict=True)
    ):
        source.images[path], mask = facts
        if source.infos[path].get('seg_map_path'):
            source.masks[path] = mask
        if time.monotonic() - noted > PROGRESS_SECONDS:
            noted = time.monotonic()
            print_log(
                f'data check: {number + 1} of {len(source.infos)} {name} '
                f'images in {noted - started:.0f} s',
                logger='current',
            )


class _Memory:
    """What was seen at the last check, and what will be known at the next."""

    def __init__(self, cache_file: str | Path | None) -> None:
        self.cache_file = Path(cache_file) if cache_file else None
        self.known = self._load()
        self.seen = {}

    def facts(
        self, info: dict, source: Source
    ) -> tuple[ImageFacts, MaskFacts]:
        """Facts about an image and its mask; looks if they have changed."""
        key, stamp = _key(info, source), _stamp(info, source)
        entry = self.known.get(key)
        if entry is None or not stamp or entry['stamp'] != stamp:
            image, mask = look(info, source.loaders)
            entry = dict(stamp=stamp, image=asdict(image), mask=asdict(mask))
        else:
            image, mask = _from_json(entry)
        if self.cache_file and stamp:
            self.seen[key] = entry
        return image, mask

    def _load(self) -> dict:
        """Read the cache; one that cannot be read counts as empty."""
        try:
            stored = json.loads(self.cache_file.read_text())
            same = stored['version'] == CACHE_VERSION
            return stored['files'] if same else {}
        except (AttributeError, OSError, ValueError, KeyError, TypeError):
            return {}

    def save(self) -> None:
        """Keep the facts for the next run; warn if they cannot be kept."""
        if self.cache_file is None:
            return
        draft = self.cache_file.with_suffix(f'.{os.getpid()}')
        stored = dict(version=CACHE_VERSION, files=self.seen)
        try:
            self.cache_file.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(stored))
            draft.replace(self.cache_file)
        except OSError as error:
            print_log(
                f'{self.cache_file} cannot be written ({error.strerror}): '
                'the next check looks at all files again',
                logger='current',
                level=logging.WARNING,
            )


def _key(info: dict, source: Source) -> str:
    paths = source.loaders.files(info)
    names = [*map(os.path.abspath, paths), info.get('seg_map_path') or '']
    return ' '.join([*names, source.loaders.digest])


def _stamp(info: dict, source: Source) -> list[list[int]] | None:
    """Size and time of change of the files, None if one is missing."""
    try:
        stats = [os.stat(path) for path in source.loaders.files(info)]
    except OSError:
        return None
    return [[stat.st_size, stat.st_mtime_ns] for stat in stats]


def _from_json(entry: dict) -> tuple[ImageFacts, MaskFacts]:
    """Facts as they were before JSON made strings of all keys."""
    mask = MaskFacts(**entry['mask'])
    mask.values = {int(value): n for value, n in mask.values.items()}
    mask.colors = {int(code): n for code, n in mask.colors.items()}
    return ImageFacts(**entry['image']), mask
