"""Masks in Label Studio's JSON format: brush strokes and shapes."""

import os.path as osp
import pickle
import re
from functools import lru_cache
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
from mmengine import fileio
from mmseg.registry import TRANSFORMS

from .coco import paint_coco
from .named import NamedMaskLoader, Size, need_shape
from .records import load_json, match_names, record_source, split_source

# What an upload puts before the name of a file.
UPLOAD_PREFIX = re.compile(r'^[0-9a-f]{8}-(?=.)')
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
    task = content[0] if isinstance(content, list) and content else content
    return isinstance(task, dict) and bool(_image(task) and _regions(task))


def _image(task: dict) -> str:
    """Path of the image of a task; empty if it has none."""
    data = task.get('data', task)
    for key in ('image', 'img', *data):
        value = data.get(key)
        if isinstance(value, str) and '.' in value and '"' not in value:
            url = urlsplit(value)
            local = parse_qs(url.query).get('d')
            name = unquote(local[0] if local else url.path)
            return name.lstrip('/')
    return ''


def _regions(task: dict) -> list[dict]:
    """Regions of the last annotation that was not cancelled."""
    annotations = task.get('annotations', task.get('completions'))
    if annotations is not None:
        kept = [a for a in annotations if not a.get('was_cancelled')]
        return kept[-1].get('result', []) if kept else []
    # The short form (JSON-MIN) has lists of regions under any name.
    lists = [v for v in task.values() if isinstance(v, list)]
    return [r for v in lists for r in v if isinstance(r, dict)]


def _read_region(region: dict) -> tuple | None:
    """Name, size and geometry of a region; None if it has no area."""
    value = region.get('value', region)
    labels = [
        value[key][0] for key in value if key.endswith('labels') and value[key]
    ]
    if not labels or 'original_height' not in region:
        return None
    size = (region['original_height'], region['original_width'])
    if region.get('image_rotation'):
        raise ValueError('the image is turned in Label Studio: turn it back')
    return labels[0], size, value


@lru_cache(maxsize=8)
def read_label_studio(path: str, stamp=None) -> dict[str, bytes]:
    """Read the tasks of a file.

    Args:
        path: The file.
        stamp: Anything that changes with the file, for the cache.

    Returns:
        Regions of every image, pickled.
    """
    content = load_json(path)
    tasks = content if isinstance(content, list) else [content]
    images = {}
    for task in tasks:
        name = _image(task)
        if not name:
            raise ValueError(f'{path}: task {task.get("id")} has no image')
        try:
            regions = [_read_region(region) for region in _regions(task)]
        except ValueError as error:
            raise ValueError(f'{path}, {name}: {error}') from None
        images[name] = pickle.dumps([r for r in regions if r])
    return images


@TRANSFORMS.register_module()
class LoadLabelStudioMasks(NamedMaskLoader):
    """Load masks from Label Studio's export: brush strokes and shapes.

    ``seg_map_path`` of the dataset is the JSON file (in the long or the short
    form), or a folder of such files. Polygons, rectangles and ellipses are
    painted, too; where regions overlap, the later one counts.

    Args:
        **kwargs: As for :class:`NamedMaskLoader`.
    """

    suffixes = ('.json',)

    def find(self, where, stems, suffixes=None) -> dict[str, str]:
        """Find the images that the files have.

        Raises:
            ValueError: If they have other classes, or no image of these.
        """
        source_of, names = {}, []
        for path in self._paths(where):
            for label in self.labels(path):
                self.label_of(label, path)
            for image in self._images(path):
                folder, base = osp.split(image)
                short = osp.join(folder, UPLOAD_PREFIX.sub('', base))
                for name in dict.fromkeys([image, short]):
                    source_of[name] = record_source(path, image)
                    names.append(name)
        matched = match_names(names, stems, where)
        return {stem: source_of[name] for stem, name in matched.items()}

    def labels(self, path: str) -> set[str]:
        """Labels of the regions of a file."""
        images = self._images(path).values()
        return {region[0] for of in images for region in pickle.loads(of)}

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

    def _images(self, path: str) -> dict[str, bytes]:
        stamp = osp.getmtime(path) if osp.exists(path) else None
        return read_label_studio(path, stamp)

    def read(self, source, shape=None) -> np.ndarray:
        """Paint class indices of shape (H, W), int32.

        Raises:
            ValueError: If the file does not have the image.
        """
        path, name = split_source(source)
        images = self._images(path)
        if name not in images:
            raise ValueError(f'{path} has no image {name}')
        regions = pickle.loads(images[name])
        size = regions[0][1] if regions else need_shape(shape, source)
        labels = self.blank(size)
        for name, _, value in regions:
            label = self.label_of(name, source)
            if 'rle' in value:
                labels[decode_brush(value['rle'], size)] = label
            else:
                labels[_paint(value, size)] = label
        return labels


def _paint(value: dict, size: Size) -> np.ndarray:
    """Where a polygon, rectangle or ellipse is; coordinates in percent."""
    scale = np.array(size[::-1]) / 100

    def pixels(*keys: str) -> np.ndarray:
        return np.array([value[key] for key in keys]) * scale

    angle = np.deg2rad(value.get('rotation') or 0)
    turn = np.array(
        [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    )
    if 'radiusX' in value:
        rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
        offset = np.stack([columns, rows], -1) - pixels('x', 'y')
        along = offset @ turn.T / pixels('radiusX', 'radiusY')
        return (along**2).sum(-1) <= 1
    if 'points' in value:
        corners = np.array(value['points']).reshape(-1, 2) * scale
    else:  # turned around its first corner
        sides = [[0, 0], [1, 0], [1, 1], [0, 1]] * pixels('width', 'height')
        corners = pixels('x', 'y') + sides @ turn
    on = paint_coco([corners.round(6).ravel().tolist()], size)
    return np.zeros(size, bool) if on is None else on
