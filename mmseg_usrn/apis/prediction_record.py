"""Record of what a folder of predictions was made from."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .images import Image
from .prediction_writer import KINDS, output_file

RECORD = 'predictions.json'


@dataclass(frozen=True)
class PredictionRecord:
    """Which model has predicted which files into a folder.

    Attributes:
        out: The folder. ``masks/NAME.png`` is there where an image has been
            predicted; ``predictions.json`` is the record.
        config: Config of the model.
        checkpoint: Checkpoint of the model.
    """

    out: Path
    config: str
    checkpoint: str

    def check(self, images: Sequence[Image]) -> None:
        """Refuse masks that another model or another file has made.

        Args:
            images: What is to be predicted.

        Raises:
            ValueError: If the folder has some, or masks without a record.
        """
        record, model = self._read(), self._model()
        known = {key: record.get(key) for key in model}
        if known != model and any((self.out / 'masks').rglob('[!.]*.png')):
            raise ValueError(
                f'{self.out} holds predictions of '
                f'{_difference(known, model)}: choose another --out, or '
                '--force'
            )
        for image in filter(self.is_done, images):
            source = record['images'].get(image.name, 'an unknown file')
            if source != _source(image):
                raise ValueError(
                    f'{self._mask(image)} is the prediction of {source}, not '
                    f'of {image.path}: choose another --out, or --force'
                )

    def start(self, images: Sequence[Image], force: bool = False) -> None:
        """Write down what is going to be predicted.

        Args:
            images: What is to be predicted.
            force: Whether files that are there are made again. They are
                removed now, so that an interruption leaves none behind that
                the record does not tell the truth about.
        """
        for image in images if force else ():
            for kind in KINDS:
                output_file(self.out, kind, image).unlink(missing_ok=True)
        record, model = self._read(), self._model()
        sources = {image.name: _source(image) for image in images}
        if {key: record.get(key) for key in model} == model:
            sources = {**record['images'], **sources}
        self.out.mkdir(parents=True, exist_ok=True)
        part = self.out / f'{RECORD}.{os.getpid()}'
        text = json.dumps(dict(model, images=sources), indent=1)
        part.write_text(text, encoding='utf-8')
        part.replace(self.out / RECORD)

    def is_done(self, image: Image, kinds: Sequence[str] = ('masks',)) -> bool:
        """Whether files of an image have been written before.

        Args:
            image: The image.
            kinds: The kinds of files, of ``KINDS``.
        """
        files = (output_file(self.out, kind, image) for kind in kinds)
        return all(file.exists() for file in files)

    def _mask(self, image: Image) -> Path:
        return output_file(self.out, 'masks', image)

    def _read(self) -> dict:
        """The record that is there; empty if there is none to be read."""
        try:
            record = json.loads((self.out / RECORD).read_text('utf-8'))
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def _model(self) -> dict[str, dict]:
        return dict(
            config=_state(self.config), checkpoint=_state(self.checkpoint)
        )


def _state(path: str) -> dict:
    """What tells a file from another one, or from itself when changed."""
    if not os.path.isfile(path):
        return dict(path=path)
    stat = os.stat(path)
    where = os.path.realpath(path)
    return dict(path=where, size=stat.st_size, mtime=stat.st_mtime)


def _source(image: Image) -> str:
    return os.path.realpath(image.path)


def _difference(known: dict, model: dict) -> str:
    """The file of another model, as a message names it."""
    for key in ('checkpoint', 'config'):
        if not known[key]:
            return 'an unknown model'
        if known[key] != model[key]:
            path = known[key]['path']
            changed = path == model[key]['path']
            return path + (', which has changed since' if changed else '')
    raise AssertionError('the models are equal')
