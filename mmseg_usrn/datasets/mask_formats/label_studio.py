"""Masks in Label Studio's JSON format: brush strokes and shapes."""

import os.path as osp
import pickle
import re
from functools import lru_cache
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
from mmengine import fileio
from mmseg.registry import TRANSFORMS

from .label_studio_shapes import paint_shape
from .named import NamedMaskLoader, Size, need_shape
from .records import load_json, match_names, record_source, split_source

# What an upload puts before the name of a file.
UPLOAD_PREFIX = re.compile(r'^[0-9a-f]{8}-(?=.)')
# Where tasks have their annotations, today and formerly; what the short form
# says of those that it was made from; what regions of images have.
ANNOTATIONS = ('annotations', 'completions')
ANNOTATED = ('annotator', 'annotation_id')
HEIGHT = 'original_height'
RLE_CHANNELS = 4


def decode_brush(rle: list[int], size: Size) -> np.ndarray:
    """Decode the run lengths of a brush stroke.

    The format is that of thi.ng's ``rle-pack``: a header of the number of
    values (32 bits), the bits of a value (5), and the bits of four kinds of
    lengths (4 each); then runs, each a flag whether one value repeats, the
    kind of its length (2), the length, and the value(s). All numbers but the
    first are stored less one.

    Args:
        rle: Bytes.
        size: (H, W).

    Returns:
        Booleans of shape (H, W): where the stroke is opaque.

    Raises:
        ValueError: If the run lengths are not of this size.
    """
    data = bytes(rle)
    bits = np.unpackbits(np.frombuffer(data, np.uint8))
    place = 0

    def read(count: int) -> int:
        nonlocal place
        first, place = place, place + count
        window = data[first >> 3 : (place + 7) >> 3]
        return int.from_bytes(window, 'big') >> (-place & 7) & (1 << count) - 1

    num = read(32)
    word = read(5) + 1
    lengths = [read(4) + 1 for _ in range(4)]
    if num != RLE_CHANNELS * size[0] * size[1] or word != 8:
        raise ValueError(
            f'brush stroke of {num} values of {word} bits for an image of '
            f'{size[0]}x{size[1]}'
        )
    values = np.zeros(num, np.uint8)
    done = 0
    while done < num and place < len(bits):
        repeats = read(1)
        count = read(lengths[read(2)]) + 1
        if repeats:
            values[done : done + count] = read(word)
        else:
            end = place + count * word
            values[done : done + count] = np.packbits(bits[place:end])
            place = end
        done += count
    return values.reshape(*size, RLE_CHANNELS)[..., 3] > 0


def is_label_studio(content) -> bool:
    """Whether the content of a JSON file has Label Studio's form."""
    tasks = content if isinstance(content, list) else [content]
    return any(isinstance(task, dict) and _is_task(task) for task in tasks)


def _is_task(task: dict) -> bool:
    """Whether this is a task about an image, annotated or not."""
    known = _is_long(task) and any(key in task for key in ANNOTATIONS)
    return bool(_image(task)) and (known or bool(_regions(task)))


def _is_long(task: dict) -> bool:
    """Whether a task is of the long form."""
    return isinstance(task.get('data'), dict)


def _image(task: dict) -> str:
    """Path of the image of a task; empty if it has none."""
    data = task['data'] if _is_long(task) else task
    for key in ('image', 'img', *data):
        value = data.get(key)
        if isinstance(value, str) and '.' in value and '"' not in value:
            url = urlsplit(value)
            local = parse_qs(url.query).get('d')
            name = local[0] if local else unquote(url.path)
            return name.lstrip('/')
    return ''


def _regions(task: dict) -> list[dict] | None:
    """Regions of the last annotation that was not cancelled.

    Returns:
        None if there is no such annotation: nobody has looked at the image.
        An annotation without regions says that it is all background.
    """
    if _is_long(task):
        kept = [
            annotation
            for key in ANNOTATIONS
            for annotation in task.get(key) or ()
            if not annotation.get('was_cancelled')
        ]
        return kept[-1].get('result', []) if kept else None
    # The short form (JSON-MIN) has lists of regions under any name.
    lists = [v for v in task.values() if isinstance(v, list)]
    regions = [
        r for v in lists for r in v if isinstance(r, dict) and HEIGHT in r
    ]
    annotated = any(task.get(key) for key in ANNOTATED)
    return regions if regions or annotated else None


def _read_region(region: dict) -> tuple | None:
    """Name, size and geometry of a region; None if it has no area."""
    value = region.get('value', region)
    labels = [
        value[key][0] for key in value if key.endswith('labels') and value[key]
    ]
    if not labels or HEIGHT not in region:
        return None
    size = (region[HEIGHT], region['original_width'])
    if region.get('image_rotation'):
        raise ValueError('the image is turned in Label Studio: turn it back')
    return labels[0], size, value


@lru_cache(maxsize=8)
def read_label_studio(path: str, stamp=None) -> dict[str, bytes | None]:
    """Read the tasks of a file.

    Args:
        path: The file.
        stamp: Anything that changes with the file, for the cache.

    Returns:
        Regions of every image, pickled; None if it has no annotation.

    Raises:
        ValueError: If a task has no image, or one that was turned.
    """
    content = load_json(path)
    tasks = content if isinstance(content, list) else [content]
    images: dict[str, bytes | None] = {}
    for number, task in enumerate(tasks, 1):
        name = _image(task) if isinstance(task, dict) else ''
        if not name:
            raise ValueError(
                f'{path}: task {number} of {len(tasks)} has no image'
            )
        regions = _regions(task)
        if regions is None:
            images.setdefault(name, None)
            continue
        try:
            read = [_read_region(region) for region in regions]
        except ValueError as error:
            raise ValueError(f'{path}: {name}: {error}') from None
        images[name] = pickle.dumps([r for r in read if r])
    return images


@TRANSFORMS.register_module()
class LoadLabelStudioMasks(NamedMaskLoader):
    """Load masks from Label Studio's export: brush strokes and shapes.

    ``seg_map_path`` of the dataset is the JSON file (in the long or the short
    form), or a folder of such files. Polygons, rectangles and ellipses are
    painted, too; where regions overlap, the later one counts. A task without
    an annotation, or whose annotations were all cancelled, gives no mask; an
    annotation without regions is an image of background only.

    Args:
        **kwargs: As for :class:`NamedMaskLoader`.
    """

    suffixes = ('.json',)

    def find(self, where, stems, suffixes=None) -> dict[str, str]:
        """Find the images that somebody has annotated.

        Raises:
            ValueError: If the files have other classes, no image of these,
                or no annotation of any of them.
        """
        source_of, names = {}, []
        for path in self._paths(where):
            for label in self.labels(path):
                self.label_of(label, path)
            for image, regions in self._images(path).items():
                folder, base = osp.split(image)
                short = osp.join(folder, UPLOAD_PREFIX.sub('', base))
                source = record_source(path, image) if regions else ''
                for name in dict.fromkeys([image, short]):
                    source_of[name] = source
                    names.append(name)
        # All names are matched, so that an image whose own task has no
        # annotation does not take that of another folder.
        matched = match_names(names, stems, where)
        sources = {stem: source_of[name] for stem, name in matched.items()}
        found = {stem: source for stem, source in sources.items() if source}
        if not found:
            raise ValueError(
                f'{where} has no annotation of these {len(matched)} images: '
                'annotate some of them in Label Studio, and export again'
            )
        return found

    def labels(self, path: str) -> set[str]:
        """Labels of the regions of a file."""
        annotated = [of for of in self._images(path).values() if of]
        return {region[0] for of in annotated for region in pickle.loads(of)}

    def _paths(self, where: str) -> list[str]:
        if not fileio.isdir(where, backend_args=self.backend_args):
            return [where]
        names = fileio.list_dir_or_file(
            where,
            list_dir=False,
            suffix='.json',
            backend_args=self.backend_args,
        )
        return [fileio.join_path(where, name) for name in sorted(names)]

    def expected(self, where, stem, suffixes=None) -> str:
        """Source that a missing record would have."""
        return record_source(where, stem)

    def files(self, source) -> list[str]:
        """Path of the JSON file."""
        return [split_source(source)[0]]

    def _images(self, path: str) -> dict[str, bytes | None]:
        stamp = osp.getmtime(path) if osp.exists(path) else None
        return read_label_studio(path, stamp)

    def read(self, source, shape=None) -> np.ndarray:
        """Paint class indices of shape (H, W), int32.

        Raises:
            ValueError: If the file does not have the image, or a brush
                stroke is of another size.
        """
        path, name = split_source(source)
        pickled = self._images(path).get(name)
        if pickled is None:
            raise ValueError(f'{path} has no annotation of the image {name}')
        regions = pickle.loads(pickled)
        size = regions[0][1] if regions else need_shape(shape, source)
        labels = self.blank(size)
        for category, _, value in regions:
            label = self.label_of(category, source)
            labels[_paint(value, size, f'{path}: {name}')] = label
        return labels


def _paint(value: dict, size: Size, where: str) -> np.ndarray:
    """Where a region is; the text of an error says where it stands."""
    if 'rle' not in value:
        return paint_shape(value, size)
    try:
        return decode_brush(value['rle'], size)
    except ValueError as error:
        raise ValueError(f'{where}: {error}') from None
