"""Labeled images of any origin: a folder of images and one of masks."""

import os.path as osp
from collections.abc import Sequence

from mmcv.transforms import Compose
from mmengine.utils import is_abs
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS, TRANSFORMS

from .class_names import load_classes
from .image_files import (
    IMAGE_SUFFIXES,
    as_list,
    expected,
    find_files,
    locate,
    name_some,
    one_per_stem,
)
from .label_rules import label_map_of
from .mask_formats import MaskLoader, with_mask_loader
from .palette import check_classes, default_palette
from .splits import read_split


@DATASETS.register_module()
class FolderSegDataset(BaseSegDataset):
    """Images and masks in two folders, matched by name.

    The mask of ``images/trip1/a.JPG`` is ``masks/trip1/a.png``. Subfolders
    are searched; suffixes may be mixed and in any case. A mask has one
    channel; its values are class indices (palette images count, too)::

        dict(type='FolderSegDataset', data_root='data/mine',
             data_prefix=dict(img_path='images', seg_map_path='masks'),
             metainfo=dict(classes=('road', 'tree', 'car')))

    Args:
        data_prefix: Folders ``img_path`` and ``seg_map_path``, or lists of
            as many folders; one ``seg_map_path`` may serve all if no name
            repeats.
        metainfo: ``classes`` and, if wanted, ``palette``.
        classes_file: JSON, YAML or text file with the same, relative to
            ``data_root``; instead of ``metainfo``. Numbers of the classes
            in it are the values of the masks, from which ``label_map``
            follows.
        ann_file: List of the images to use, one stem a line. Defaults to all
            images of the folder.
        label_map: New value of each mask value that is to change, for
            example ``{255: 1}`` for masks of 0 and 255.
        mask_format: Config of the loader of masks that hold no class indices
            (:mod:`.mask_formats`), for example
            ``dict(type='LoadColorMasks', colors=[...])``. It replaces
            ``LoadAnnotations`` in every pipeline of this dataset.
        img_suffix: Suffix(es) of the images, in any case; ``img_{}.png`` is a
            whole name around the part that image and mask share.
        seg_map_suffix: Suffix(es) of the masks, in any case; with the part of
            the name that images do not have, for example ``_mask.png`` or
            ``mask_{}.png``. Defaults to those of the format.
        lazy_init: Leave the folders alone until :meth:`full_init`.
        **kwargs: As for MMSeg's ``BaseSegDataset``: ``data_root``,
            ``pipeline``, ``reduce_zero_label``, ``ignore_index`` ...

    Raises:
        ValueError: If classes are not given or inconsistent, a folder is
            missing or empty, or two files compete for one name.
    """

    def __init__(
        self,
        data_prefix: dict | None = None,
        metainfo: dict | None = None,
        classes_file: str | None = None,
        ann_file: str = '',
        label_map: dict[int, int] | None = None,
        mask_format: dict | None = None,
        img_suffix: str | Sequence[str] = IMAGE_SUFFIXES,
        seg_map_suffix: str | Sequence[str] | None = None,
        lazy_init: bool = False,
        **kwargs,
    ) -> None:
        metainfo = _metainfo(metainfo, classes_file, kwargs)
        values = metainfo.pop('values', None)
        self.has_mask_format = mask_format is not None
        self.mask_loader = _mask_loader(mask_format, metainfo, kwargs)
        if values and label_map is None and self.mask_loader.stores_values:
            reduced = bool(kwargs.get('reduce_zero_label'))
            label_map = label_map_of(
                [value - reduced for value in values],
                ignore_index=self.mask_loader.ignore_index,
            )
        super().__init__(
            ann_file=ann_file,
            data_prefix=dict(data_prefix or {}),
            metainfo=metainfo,
            img_suffix=as_list(img_suffix),
            seg_map_suffix=as_list(
                seg_map_suffix or self.mask_loader.suffixes
            ),
            lazy_init=True,
            **kwargs,
        )
        self.pipeline = self.build_pipeline(self.pipeline.transforms)
        if label_map is not None:
            self.label_map = {int(k): int(v) for k, v in label_map.items()}
            self._metainfo['label_map'] = self.label_map
        if not lazy_init:
            self.full_init()

    def build_pipeline(self, steps: list) -> Compose:
        """Build a pipeline that reads this dataset's masks.

        Args:
            steps: Transforms or their configs.

        Returns:
            The pipeline, with the loader of ``mask_format`` if there is one.
        """
        if not self.has_mask_format:
            return Compose(steps)
        return with_mask_loader(steps, self.mask_loader)

    def _join_prefix(self) -> None:
        """Prepend ``data_root`` to every relative path."""

        def join(path: str) -> str:
            return path if is_abs(path) else osp.join(self.data_root, path)

        if self.ann_file:
            self.ann_file = join(self.ann_file)
        for key, value in self.data_prefix.items():
            one = isinstance(value, str)
            self.data_prefix[key] = join(value) if one else [*map(join, value)]

    def load_data_list(self) -> list[dict]:
        """List images and their masks.

        Returns:
            One dict per image, sorted by name, or in the order of the list.
            A file that is missing keeps its place, so that the data check
            can list all of them at once.
        """
        data_list = []
        for folder, mask_dir, images in self._folders():
            masks = {}
            if mask_dir:
                loader = self.mask_loader
                masks = loader.find(mask_dir, [*images], self.seg_map_suffix)
                if folder == mask_dir:
                    images = _without_masks(images, masks, loader)
            for stem, path in one_per_stem(images, 'img_suffix').items():
                source = mask_dir and (
                    masks.get(stem)
                    or self.mask_loader.expected(
                        mask_dir, stem, self.seg_map_suffix
                    )
                )
                data_list.append(self._data_info(path, source))
        return data_list

    def _data_info(self, path: str, mask: str | None) -> dict:
        """What MMSegmentation's transforms want to know of an image."""
        info = dict(
            img_path=path,
            label_map=self.label_map,
            reduce_zero_label=self.reduce_zero_label,
            seg_fields=[],
        )
        return dict(info, seg_map_path=mask) if mask else info

    def _folders(self) -> list[tuple[str, str | None, dict[str, list[str]]]]:
        """Every folder of images, the place of its masks, and its images."""
        folders = as_list(self.data_prefix.get('img_path'))
        folders = folders or [self.data_root or '']
        masks = as_list(self.data_prefix.get('seg_map_path')) or [None]
        if len(masks) not in (1, len(folders)):
            raise ValueError(
                f'{len(folders)} folders of images and {len(masks)} of masks: '
                'give as many in seg_map_path as in img_path'
            )
        masks = masks * len(folders) if len(masks) == 1 else masks
        images = [
            find_files(folder, self.img_suffix, backend_args=self.backend_args)
            for folder in folders
            if not self.ann_file
        ] or self._listed(folders)
        places = zip(folders, masks, images, strict=True)
        return [place for place in places if place[2]]

    def _listed(self, folders: list[str]) -> list[dict[str, list[str]]]:
        """Paths of the images of the list, by stem, in every folder."""
        names = read_split(self.ann_file, with_suffix=True)
        images = [
            locate(names, [folder], self.img_suffix, self.backend_args)
            for folder in folders
        ]
        located = {stem for found in images for stem in found if found[stem]}
        if not located:
            raise ValueError(
                f'none of the {len(names)} images of {self.ann_file} is in '
                f'{name_some(folders)}: the first is {names[0]}, tried with '
                f'{" ".join(self.img_suffix)}'
            )
        for place, found in enumerate(images):
            for stem in list(found):
                if stem not in located and place == 0:
                    missing = expected(folders[0], stem, self.img_suffix)
                    found[stem] = [missing]
                elif not found[stem]:
                    del found[stem]
        return images


def _metainfo(metainfo, classes_file, kwargs: dict) -> dict:
    """Classes and palette from the config or from their file."""
    if (metainfo is None) == (classes_file is None):
        raise ValueError(
            'FolderSegDataset needs the class names once: either '
            "metainfo=dict(classes=('road', 'tree')) or classes_file="
            "'classes.json'; got " + ('none' if metainfo is None else 'both')
        )
    if classes_file is not None:
        path = osp.join(kwargs.get('data_root') or '', classes_file)
        meta = load_classes(path)
    elif isinstance(metainfo.get('classes'), str):
        meta = dict(metainfo, **load_classes(metainfo['classes']))
    else:
        meta = check_classes(dict(metainfo), 'metainfo')
    meta.setdefault('palette', default_palette(len(meta['classes'])))
    return meta


def _mask_loader(mask_format, metainfo: dict, kwargs: dict) -> MaskLoader:
    """Build the loader of masks; the dataset's facts are filled in."""
    known = dict(backend_args=kwargs.get('backend_args'))
    if 'ignore_index' in kwargs:
        known['ignore_index'] = kwargs['ignore_index']
    if mask_format is None:
        return MaskLoader(**known)
    loader = TRANSFORMS.get(mask_format['type'])
    if loader is None or not issubclass(loader, MaskLoader):
        raise ValueError(
            f'mask_format: {mask_format["type"]} is no loader of masks'
        )
    if loader.takes_classes:
        known['classes'] = metainfo['classes']
    return TRANSFORMS.build({**known, **mask_format})


def _without_masks(images: dict, masks: dict, loader: MaskLoader) -> dict:
    """Drop masks that lie among the images and have an image suffix."""
    mask_paths = {p for mask in masks.values() for p in loader.files(mask)}
    images = {
        stem: [path for path in paths if path not in mask_paths]
        for stem, paths in images.items()
    }
    images = {stem: paths for stem, paths in images.items() if paths}
    if not images:
        raise ValueError(
            f'images and masks are the same files: {min(mask_paths)} ...; set '
            "seg_map_suffix to how masks end, for example '_mask.png'"
        )
    return images
