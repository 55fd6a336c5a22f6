"""Masks in COCO's JSON format: polygons and run lengths."""

import os.path as osp
import pickle
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from mmengine import fileio
from mmseg.registry import TRANSFORMS

from .named import NamedMaskLoader, Size, need_shape
from .records import load_json, match_names, record_source, split_source


@dataclass
class CocoFile:
    """What a COCO file holds.

    Attributes:
        categories: Names of the categories that annotations have, in order
            of their ids.
        sizes: (H, W) of every image, by file name; None where the file does
            not say.
        shapes: Annotations of every image: name of the category,
            segmentation and box of each. Pickled, since worker processes
            share bytes but copy objects.
        num_boxes: Annotations that have a box but no shape.
        num_shapes: Annotations that have a shape.
    """

    categories: list[str]
    sizes: dict[str, Size | None]
    shapes: dict[str, bytes]
    num_boxes: int = 0
    num_shapes: int = 0


def is_coco(content) -> bool:
    """Whether the content of a JSON file has COCO's form."""
    return isinstance(content, dict) and {
        'images',
        'annotations',
        'categories',
    } <= set(content)


@lru_cache(maxsize=8)
def read_coco(path: str, stamp=None, backend: tuple = ()) -> CocoFile:
    """Read a COCO file.

    Args:
        path: The file.
        stamp: Anything that changes with the file, for the cache.
        backend: Items of the settings of MMEngine's file backend.

    Raises:
        ValueError: If it is no COCO file, or an entry is incomplete.
    """
    content = load_json(path, dict(backend) or None)
    if not is_coco(content):
        raise ValueError(
            f'{path} is no COCO file: it lacks images, annotations or '
            'categories'
        )
    try:
        return _read_content(content, path)
    except KeyError as error:
        raise ValueError(
            f'{path} is no complete COCO file: an image, annotation or '
            f'category lacks {error}; export it again'
        ) from None


def _read_content(content: dict, path: str) -> CocoFile:
    """Sort the annotations of a COCO file by image."""
    names = {c['id']: str(c['name']) for c in content['categories']}
    shapes, used = defaultdict(list), set()
    for annotation in content['annotations']:
        used.add(annotation['category_id'])
        shapes[annotation['image_id']].append(
            (
                names.get(annotation['category_id'], '?'),
                annotation.get('segmentation') or None,
                annotation.get('bbox'),
            )
        )
    images = {image['id']: image for image in content['images']}
    file = CocoFile([names.get(i, '?') for i in sorted(used)], {}, {})
    for key, image in images.items():
        name = image['file_name']
        if name in file.sizes:
            raise ValueError(f'{path} names the image {name} twice')
        height, width = image.get('height'), image.get('width')
        known = height and width
        file.sizes[name] = (int(height), int(width)) if known else None
        file.shapes[name] = pickle.dumps(shapes[key])
    drawn = [shape for of in shapes.values() for _, shape, _ in of if shape]
    file.num_shapes = len(drawn)
    file.num_boxes = len(content['annotations']) - len(drawn)
    return file


def paint_coco(segmentation, size: Size) -> np.ndarray | None:
    """Rasterise a segmentation as the COCO API does.

    Args:
        segmentation: Polygons, or run lengths as a list or compressed.
        size: (H, W).

    Returns:
        Booleans of shape (H, W); None if there is no area.

    Raises:
        ValueError: If run lengths are of another size.
    """
    from pycocotools import mask as coco_mask

    if isinstance(segmentation, dict):
        runs = _checked_runs(segmentation, size)
        if isinstance(runs['counts'], list):
            runs = coco_mask.frPyObjects(runs, *size)
        return coco_mask.decode(runs).astype(bool)
    # The COCO API takes four numbers for a box.
    polygons = [p for p in segmentation if len(p) >= 6]
    if not polygons:
        return None
    runs = coco_mask.merge(coco_mask.frPyObjects(polygons, *size))
    return coco_mask.decode(runs).astype(bool)


def _checked_runs(runs: dict, size: Size) -> dict:
    """Run lengths, if they are of a size; decoding does not check that."""
    height, width = runs.get('size', size)
    counts = runs['counts']
    if (height, width) != tuple(size):
        raise ValueError(
            f'run lengths of {height}x{width} pixels (height x width) for an '
            f'image of {size[0]}x{size[1]}: export the annotations again'
        )
    if isinstance(counts, list) and sum(counts) != height * width:
        raise ValueError(
            f'run lengths of {sum(counts)} pixels for an image of '
            f'{height}x{width}: export the annotations again'
        )
    return dict(size=list(size), counts=counts)


def _cover(box: Sequence[float]) -> tuple[slice, slice]:
    """Rows and columns of a box, of those with numbers from 0 on."""
    left, top, width, height = (round(value) for value in box)
    return (
        slice(max(top, 0), max(top + height, 0)),
        slice(max(left, 0), max(left + width, 0)),
    )


@TRANSFORMS.register_module()
class LoadCocoMasks(NamedMaskLoader):
    """Load masks from one COCO file for all images.

    ``seg_map_path`` of the dataset is the file, or a folder that has one.
    Where shapes overlap, the later one counts. The pixels of boxes without a
    shape have no label unless a shape covers them.

    Args:
        **kwargs: As for :class:`NamedMaskLoader`.
    """

    suffixes = ('.json',)

    def find(self, where, stems, suffixes=None) -> dict[str, str]:
        """Find the images that the file has.

        Raises:
            ValueError: If it has other classes, no shape, or no image of
                these.
        """
        path = find_json(where, is_coco, 'COCO', self.backend_args)
        file = self._file(path)
        for name in file.categories:
            self.label_of(name, path)
        if file.num_boxes and not file.num_shapes:
            raise ValueError(
                f'{path} has boxes only ({file.num_boxes}), no polygons or '
                'masks'
            )
        matched = match_names(list(file.sizes), stems, path)
        return {s: record_source(path, name) for s, name in matched.items()}

    def expected(self, where, stem, suffixes=None) -> str:
        """Source that a missing record would have."""
        return record_source(where, stem)

    def files(self, source) -> list[str]:
        """Path of the JSON file."""
        return [split_source(source)[0]]

    def _file(self, path: str) -> CocoFile:
        stamp = osp.getmtime(path) if osp.exists(path) else None
        return read_coco(path, stamp, tuple((self.backend_args or {}).items()))

    def read(self, source, shape=None) -> np.ndarray:
        """Paint class indices of shape (H, W), int32.

        Raises:
            ValueError: If the file does not have the image, or run lengths
                are of another size.
        """
        path, name = split_source(source)
        file = self._file(path)
        if name not in file.sizes:
            raise ValueError(f'{path} has no image {name}')
        size = file.sizes[name]
        labels = self.blank(size or need_shape(shape, source))
        shapes = pickle.loads(file.shapes[name])
        for _, segmentation, box in shapes:
            if segmentation is None and box:
                labels[_cover(box)] = self.ignore_index
        for category, segmentation, _ in shapes:
            label = self.label_of(category, source)
            if segmentation is not None:
                try:
                    on = paint_coco(segmentation, labels.shape)
                except ValueError as error:
                    raise ValueError(f'{path}: {name}: {error}') from None
                if on is not None:
                    labels[on] = label
        return labels


def find_json(
    where: str, fits, kind: str, backend_args: dict | None = None
) -> str:
    """Find the only JSON file of a kind.

    Args:
        where: The file itself, or a folder.
        fits: Whether the content of a file is of the kind.
        kind: Name of the kind; for the text of an error.
        backend_args: Settings of MMEngine's file backend.

    Returns:
        Path of the file.

    Raises:
        ValueError: If there is none, or more than one.
    """
    if not fileio.isdir(where, backend_args=backend_args):
        if not fileio.exists(where, backend_args=backend_args):
            raise ValueError(f'the {kind} file {where} does not exist')
        return where
    names = fileio.list_dir_or_file(
        where, list_dir=False, suffix='.json', backend_args=backend_args
    )
    paths = [fileio.join_path(where, name) for name in sorted(names)]
    fitting = [p for p in paths if fits(load_json(p, backend_args))]
    if len(fitting) != 1:
        found = ', '.join(fitting) or 'none'
        raise ValueError(
            f'{where} must hold one {kind} file, found: {found}; give the '
            'path of the file as seg_map_path'
        )
    return fitting[0]
