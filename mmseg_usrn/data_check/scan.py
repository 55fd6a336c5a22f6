"""Looking at many files: several at a time, and each only once."""

import json
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from mmengine.logging import print_log

from .files import ImageFacts, MaskFacts, image_facts, mask_facts

CACHE_VERSION = 1
PROGRESS_SECONDS = 10
MAX_THREADS = 16


class Scanner:
    """Reads files and remembers what it saw, also for the next run.

    A file is read again when its size or its time of change differs.

    Args:
        cache_file: JSON file to keep the facts in. Defaults to none.
        num_threads: Files read at a time. Defaults to the number of CPUs;
            decoding runs outside Python's lock.
    """

    def __init__(
        self,
        cache_file: str | Path | None = None,
        num_threads: int | None = None,
    ) -> None:
        self.cache_file = Path(cache_file) if cache_file else None
        cpus = min(os.cpu_count() or 1, MAX_THREADS)
        self.num_threads = num_threads or cpus
        self.cache = self._load()
        self.seen = {}

    def images(self, paths: Iterable[str]) -> dict[str, ImageFacts]:
        """Facts of image files, by path."""
        return self._scan('image', list(paths), image_facts)

    def masks(
        self, paths: Iterable[str], backend: str = 'pillow'
    ) -> dict[str, MaskFacts]:
        """Facts of mask files as ``backend`` decodes them, by path."""
        return self._scan(
            f'mask by {backend}',
            list(paths),
            lambda path: mask_facts(path, backend),
        )

    def _scan(self, kind: str, paths: list[str], look: Callable) -> dict:
        """Facts of all files, from the cache where it still holds."""
        facts = {}
        started = noted = time.monotonic()

        def facts_of(path: str):
            stamp = _stamp(path)
            key = f'{kind} {os.path.abspath(path)}'
            known = self.cache.get(key)
            if stamp and known and known['stamp'] == stamp:
                found = _from_json(kind, known['facts'])
            else:
                found = look(path)
            return key, stamp, found

        with ThreadPoolExecutor(self.num_threads) as pool:
            results = pool.map(facts_of, paths)
            for path, (key, stamp, found) in zip(paths, results, strict=True):
                facts[path] = found
                if stamp:
                    self.seen[key] = dict(stamp=stamp, facts=asdict(found))
                if time.monotonic() - noted > PROGRESS_SECONDS:
                    noted = time.monotonic()
                    print_log(
                        f'data check: {len(facts)} of {len(paths)} {kind} '
                        f'files in {noted - started:.0f} s',
                        logger='current',
                    )
        return facts

    def _load(self) -> dict:
        """Read the cache; one that cannot be read counts as empty."""
        try:
            stored = json.loads(self.cache_file.read_text())
            return (
                stored['files'] if stored['version'] == CACHE_VERSION else {}
            )
        except (AttributeError, OSError, ValueError, KeyError, TypeError):
            return {}

    def save(self) -> None:
        """Keep the facts for the next run."""
        if self.cache_file is None:
            return
        self.cache_file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.cache_file.with_suffix(f'.{os.getpid()}')
        stored = dict(version=CACHE_VERSION, files=self.seen)
        draft.write_text(json.dumps(stored))
        draft.replace(self.cache_file)


def _stamp(path: str) -> list[int] | None:
    """Size and time of change of a file, None if it is missing."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return [stat.st_size, stat.st_mtime_ns]


def _from_json(kind: str, facts: dict) -> ImageFacts | MaskFacts:
    """Facts as they were before JSON made strings of all keys."""
    if kind == 'image':
        return ImageFacts(**facts)
    values = {int(value): n for value, n in facts['values'].items()}
    return MaskFacts(**dict(facts, values=values))
