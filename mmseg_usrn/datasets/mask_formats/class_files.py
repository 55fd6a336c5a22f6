"""Masks of one file per class and image."""

import os.path as osp
from collections.abc import Mapping, Sequence

import numpy as np
from mmengine import fileio
from mmseg.registry import TRANSFORMS

from .colors import read_gray
from .images import ALL_SUFFIXES
from .named import NamedMaskLoader, find_background

LOSSY = ('.jpg', '.jpeg')
HALF = 128
CLASS, STEM = '{class}', '{stem}'


def read_switch(content: bytes, lossy: bool = False) -> np.ndarray:
    """Read where a mask of one class is on.

    Args:
        content: Content of the file: 0 and 255, smoothed or not, or 0 and
            another value.
        lossy: Whether small values mean nothing (JPEG).

    Returns:
        Booleans of shape (H, W): values from 128 on; any but 0 if all are
        smaller.
    """
    gray = read_gray(content)
    high = lossy or gray.max(initial=0) >= HALF
    return gray >= (HALF if high else 1)


def settle_background(
    settings: dict, classes: Sequence[str], where: str, stems: Sequence[str]
) -> dict:
    """Settings without a background, if the files leave no pixel out.

    Args:
        settings: Config of :class:`LoadClassFileMasks`.
        classes: Names of the classes.
        where: Folder of the masks.
        stems: Stems of the images.

    Returns:
        The settings, with ``background=None`` if neither they nor the classes
        name one and every pixel of every image is in some file.

    Raises:
        ValueError: If there is no mask.
    """
    if not classes or 'background' in settings or find_background(classes):
        return settings
    empty = len(classes)
    settled = dict(settings, background=None)
    known = dict(classes=classes, ignore_index=empty)
    loader = TRANSFORMS.build({**settled, **known})
    for source in loader.find(where, list(stems)).values():
        try:
            if (loader.read(source) == empty).any():
                return settings
        except (ValueError, OSError):  # the data check lists it
            continue
    return settled


@TRANSFORMS.register_module()
class LoadClassFileMasks(NamedMaskLoader):
    """Load masks that are one black and white file per class.

    A class without a file is not in the image; where files overlap, the
    class that is named last counts.

    Args:
        classes: Names of the classes, from the dataset.
        template: Path of a file below the folder of masks, with ``{stem}``
            and ``{class}``: ``'{stem}_{class}.png'`` for ``a_red.png``,
            ``'{class}/{stem}.png'`` for ``red/a.png``.
        names: How files name a class, where not by its own name.
        **kwargs: As for :class:`NamedMaskLoader`.

    Raises:
        ValueError: If the template lacks one of the two.
    """

    suffixes = ALL_SUFFIXES

    def __init__(
        self,
        classes,
        template: str = '{stem}_{class}.png',
        names: Mapping[str, str] | None = None,
        **kwargs,
    ) -> None:
        super().__init__(classes, **kwargs)
        for part in (STEM, CLASS):
            if template.count(part) != 1:
                raise ValueError(
                    f'LoadClassFileMasks: template needs {part} once, got '
                    f'{template!r}; for example {{stem}}_{{class}}.png'
                )
        self.template = template
        self.names = {name: name for name in self.classes} | dict(names or {})

    def find(self, where, stems, suffixes=None) -> dict[str, str]:
        """Find the images that have a file of some class."""
        sources = {stem: self.expected(where, stem) for stem in stems}
        found = {
            stem: source
            for stem, source in sources.items()
            if self.files(source)
        }
        if not found:
            raise ValueError(
                f'no mask of any class in {where}: looked for files like '
                f'{next(iter(sources.values()))}, with '
                f'{", ".join(self.names.values())} for {CLASS}'
            )
        return found

    def expected(self, where, stem, suffixes=None) -> str:
        """Path of the masks of an image, with ``{class}`` in it.

        A stem in a subfolder, ``trip/a``, has its files in that subfolder.
        """
        if not self.template.startswith(STEM):
            return osp.join(where, self._fill(stem))
        folder, name = osp.split(stem)
        return osp.join(where, folder, self._fill(name))

    def _fill(self, stem: str) -> str:
        return self.template.replace(STEM, stem)

    def files(self, source) -> list[str]:
        """Paths of the files that are there, or that a link says are."""
        return list(self._file_of(source).values())

    def _file_of(self, source) -> dict[str, str]:
        """Path of every class that has a file."""
        paths = {
            name: source.replace(CLASS, self.names[name])
            for name in self.classes
        }
        return {
            name: path
            for name, path in paths.items()
            if fileio.exists(path, backend_args=self.backend_args)
            or osp.islink(path)
        }

    def read(self, source, shape=None) -> np.ndarray:
        """Read class indices of shape (H, W), int32."""
        labels = None
        for name, path in self._file_of(source).items():
            lossy = path.lower().endswith(LOSSY)
            on = read_switch(self.get(path), lossy)
            if labels is None:
                labels = self.blank(on.shape)
            if labels.shape != on.shape:
                raise ValueError(
                    f'{path} is of {on.shape[0]}x{on.shape[1]} pixels, the '
                    f'masks of other classes {labels.shape[0]}x'
                    f'{labels.shape[1]}'
                )
            labels[on] = self.classes.index(name)
        if labels is None:
            raise ValueError(f'{source}: there is no file of any class')
        return labels
