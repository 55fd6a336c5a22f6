"""Base of the formats that name the class of every shape."""

from collections.abc import Sequence

import numpy as np

from .base import MaskLoader

BACKGROUND_NAMES = (
    'background',
    'bg',
    'backgr',
    'back',
    '_background_',
    '__background__',
    'none',
    'other',
)
OTHERS = ('error', 'background', 'ignore')
Size = tuple[int, int]


def find_background(classes: Sequence[str]) -> str | None:
    """The class whose name says that it is the background, if any."""
    for name in classes:
        if name.strip().lower() in BACKGROUND_NAMES:
            return name
    return None


class NamedMaskLoader(MaskLoader):
    """Load masks made of shapes that bear the names of their classes.

    Args:
        classes: Names of the classes. ``FolderSegDataset`` fills them in.
        background: Class of the pixels that no shape covers; None if they
            have no label. Defaults to the class named ``background``, ``bg``
            or the like.
        others: What becomes of shapes of other classes: ``'error'``,
            ``'background'`` or ``'ignore'`` (no label).
        **kwargs: As for :class:`MaskLoader`.

    Raises:
        ValueError: If there are no classes, none is the background, or it is
            unknown.
    """

    takes_classes = True
    stores_values = False

    def __init__(
        self,
        classes: Sequence[str],
        background: str | None = '',
        others: str = 'error',
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.classes = tuple(classes)
        if not classes:
            raise ValueError(
                f'{type(self).__name__} needs the names of the classes: '
                'classes in a config, --classes of new_dataset.py'
            )
        if background == '':
            background = find_background(self.classes)
            if background is None:
                raise ValueError(
                    f'{type(self).__name__}: which class have the pixels '
                    'that no shape covers? Add background to the classes '
                    f'({", ".join(self.classes)}), or say which of them it '
                    'is: --mask-background NAME, or none if they have no '
                    "label; in a config, background='NAME' or None of "
                    'mask_format'
                )
        if background is not None and background not in self.classes:
            raise ValueError(
                f'{type(self).__name__}: background={background!r} is none '
                f'of the classes {", ".join(self.classes)}'
            )
        if others not in OTHERS:
            raise ValueError(
                f'{type(self).__name__}: others must be one of {OTHERS}, got '
                f'{others!r}'
            )
        self.others = others
        self.base_label = self.ignore_index
        if background is not None:
            self.base_label = self.classes.index(background)

    def label_of(self, name: str, where: str) -> int:
        """Label of the shapes that bear a name.

        Args:
            name: The name in the file.
            where: Where it stands; for the text of an error.

        Raises:
            ValueError: If it names no class and ``others`` is ``'error'``.
        """
        if name in self.classes:
            return self.classes.index(name)
        if self.others == 'background':
            return self.base_label
        if self.others == 'ignore':
            return self.ignore_index
        raise ValueError(
            f'{where} has the class {name!r}, which is none of '
            f'{", ".join(self.classes)}: name it in classes (--classes), or '
            "set others='background' or others='ignore' in mask_format of a "
            'config'
        )

    def blank(self, size: Size) -> np.ndarray:
        """Labels of an image without shapes, of shape ``size``, int32."""
        return np.full(size, self.base_label, np.int32)


def need_shape(shape: Size | None, source: str) -> Size:
    """Refuse to guess the size of an image.

    Raises:
        ValueError: If it is not given.
    """
    if shape is None:
        raise ValueError(
            f'{source} does not say how large the image is: load the image '
            'before its annotations'
        )
    return shape
