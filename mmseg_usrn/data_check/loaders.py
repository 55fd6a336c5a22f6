"""The loading steps of a dataset, as the check runs them.

Training's own transforms load the files, whatever they do and whatever
version does it. Only what hides the content of a file is undone: the label
rules, the cut of masks to 8 bits, and that of images.
"""

import copy
import re
from dataclasses import dataclass, field
from functools import cached_property
from zlib import crc32

import cv2
import mmcv
import mmcv.transforms
from mmengine import fileio
from mmseg.datasets.transforms import LoadAnnotations

from mmseg_usrn.datasets.mask_formats import MaskLoader
from mmseg_usrn.datasets.transforms import LoadBands

COLOR = {
    'color': cv2.IMREAD_COLOR,
    'color_ignore_orientation': cv2.IMREAD_COLOR
    | cv2.IMREAD_IGNORE_ORIENTATION,
}
UNTURNED = ('color_ignore_orientation', 'unchanged')


@dataclass
class Loaders:
    """The loading steps of one dataset.

    Attributes:
        images: Steps that load an image.
        masks: Steps that load its mask.
        ignores_orientation: Whether images stay as EXIF does not want them.
    """

    images: list = field(default_factory=list)
    masks: list = field(default_factory=list)
    ignores_orientation: bool = False

    @cached_property
    def digest(self) -> str:
        """A number for the steps and their settings."""
        steps = [getattr(s, 'step', s) for s in self.images + self.masks]
        text = ''.join(f'{type(step).__name__}{vars(step)}' for step in steps)
        text = re.sub(' object at 0x[0-9a-f]+', '', text)
        return f'{crc32(text.encode()):08x}'

    def files(self, info: dict) -> list[str]:
        """Paths of an image and of the files of its mask."""
        source = info.get('seg_map_path')
        if not source:
            return [info['img_path']]
        step = self.masks[-1]
        files = step.files(source) if hasattr(step, 'files') else [source]
        return [info['img_path'], *files]

    @property
    def stores_values(self) -> bool:
        """Whether masks hold the numbers of classes, not names or colours."""
        step = getattr(self.masks[-1], 'step', self.masks[-1])
        return getattr(step, 'stores_values', True)

    @property
    def names_of_images(self) -> str:
        """Names of the steps that load images."""
        return ', '.join(type(step).__name__ for step in self.images)

    @property
    def stock(self) -> bool:
        """Whether MMCV's own step loads the images."""
        return type(self.images[0]) is mmcv.transforms.LoadImageFromFile

    @property
    def names(self) -> str:
        """Names of the steps."""
        steps = self.images + self.masks
        return ', '.join(type(step).__name__ for step in steps)


class LoadAsStored(LoadBands):
    """Load all bands, of any depth, for a first look at unknown images."""

    def transform(self, results: dict) -> dict:
        """Load an image of shape (H, W, C) as the file has it."""
        path = results['img_path']
        image = self._select(self._read(path), path)
        shape = image.shape[:2]
        return dict(results, img=image, img_shape=shape, ori_shape=shape)


class StoredMask:
    """What a mask loader reads, before it cuts and maps the values."""

    def __init__(self, step: LoadAnnotations) -> None:
        self.step = step

    def __call__(self, results: dict) -> dict:
        """Put all values, of any depth, into ``gt_seg_map``."""
        source, shape = results['seg_map_path'], results.get('ori_shape')
        if isinstance(self.step, MaskLoader):
            mask = self.step.read(source, shape)
        else:
            content = fileio.get(source, self.step.backend_args)
            mask = mmcv.imfrombytes(
                content, 'unchanged', backend=self.step.imdecode_backend
            )
        if mask is None:
            raise ValueError('it cannot be decoded')
        return dict(results, gt_seg_map=mask.squeeze())

    def files(self, source: str) -> list[str]:
        """Paths of the files that the mask is read from."""
        reads = isinstance(self.step, MaskLoader)
        return self.step.files(source) if reads else [source]


def find_loaders(dataset) -> Loaders:
    """Take the loading steps out of a dataset's pipeline.

    Args:
        dataset: A dataset that is no wrapper.

    Returns:
        Its steps; the stock ones where the pipeline has none.
    """
    pipeline = getattr(dataset, 'pipeline', None)
    loaders = Loaders()
    for step in getattr(pipeline, 'transforms', []):
        if isinstance(step, mmcv.transforms.LoadAnnotations) or re.search(
            'Annotation|Mask|Label', type(step).__name__
        ):
            if type(step).__name__.startswith('Load'):
                loaders.masks.append(_with_stored_values(step))
        elif type(step).__name__.startswith('Load'):
            loaders.images.append(_with_stored_depth(step))
            flag = getattr(step, 'color_type', '')
            loaders.ignores_orientation = flag in UNTURNED
    if not loaders.images:
        loaders.images = [
            _with_stored_depth(mmcv.transforms.LoadImageFromFile())
        ]
    if not loaders.masks:
        loaders.masks = [StoredMask(LoadAnnotations())]
    return loaders


def _with_stored_depth(step):
    """The stock loader without its cut to 8 bits; any other as it is."""
    stock = type(step) is mmcv.transforms.LoadImageFromFile
    if stock and step.imdecode_backend in ('cv2', None):
        flag = COLOR.get(step.color_type)
        if flag is not None:
            step = copy.copy(step)
            step.color_type = flag | cv2.IMREAD_ANYDEPTH
    return step


def _with_stored_values(step):
    """A mask loader that does not know the dataset's label rules."""
    if type(step) is LoadAnnotations or isinstance(step, MaskLoader):
        return StoredMask(step)
    step = copy.copy(step)
    if hasattr(step, 'reduce_zero_label'):
        step.reduce_zero_label = False
    return step
