"""What masks that are images hold: indices, grey levels or colours."""

import os.path as osp
import struct
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from ..image_files import LOSSY_SUFFIXES, name_some
from .colors import (
    code_color,
    color_codes,
    describe_colors,
    read_gray,
    read_labelmap,
    read_rgb,
)
from .named import find_background

SAMPLES = 32  # masks that are looked at
COLOR_FILES = ('labelmap.txt', 'class_dict.csv', 'class_dict_seg.csv')
# Where both ends of the grey levels have so many of the pixels, and more than
# a few values lie between them, black and white were smoothed.
MARGIN, SHARE, FEW = 40, 0.9, 8
# What Pillow raises at files that are empty, damaged or no pictures. They are
# passed over here: the data check lists them all.
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, struct.error)


def detect_colors(
    paths: Sequence[str], classes: Sequence[str], where: str
) -> tuple[dict | None, str, tuple[str, ...]]:
    """Find out how images stand for classes.

    Args:
        paths: The masks.
        classes: Names of the classes; may be empty.
        where: Their folder, for files of colours beside them.

    Returns:
        The setting ``mask_format`` of ``FolderSegDataset``, None if the stock
        loader reads the masks; what was seen; the names that a file of
        colours gives.

    Raises:
        ValueError: If colours have to be told; the text lists them.
    """
    some, palettes = [], set()
    channels: Counter = Counter()
    for path in map(Path, _spread(paths)):
        with suppress(*UNREADABLE), Image.open(path) as image:
            image.load()
            some.append(path)
            channels[len(image.getbands())] += 1
            if image.mode == 'P':
                palettes.add(bytes(image.getpalette() or b''))
    flat = not set(channels) - {1} and len(palettes) < 2
    gray = flat or not palettes and all(_is_gray(path) for path in some)
    file = _color_file(where)
    if file and (not gray or _lists_colors(file, some, classes)):
        return _from_color_file(file, classes)
    if flat:
        return _of_one_channel(some, classes)
    if gray:
        return _of_gray_levels(some, classes, 'masks of equal channels')
    return _from_colors(paths, classes)


def _spread(paths: Sequence[str]) -> list[str]:
    """Some of the paths, evenly spread."""
    step = max(len(paths) / SAMPLES, 1)
    return [paths[int(i * step)] for i in range(min(len(paths), SAMPLES))]


def _is_gray(path: Path) -> bool:
    rgb = read_rgb(path.read_bytes())
    return bool((rgb == rgb[..., :1]).all())


def _of_one_channel(some: list[Path], classes):
    """The stock loader does, unless values are deep, lossy or smoothed."""
    lossy = any(path.suffix.lower() in LOSSY_SUFFIXES for path in some)
    settings, evidence, names = _of_gray_levels(some, classes, 'masks')
    # The stock loader cuts all values to 8 bits.
    masks = (read_gray(path.read_bytes()) for path in some)
    deep = any(mask.max() > 255 or mask.min() < 0 for mask in masks)
    if settings == dict(type='LoadIndexMasks') and not lossy and not deep:
        settings = None
    return settings, evidence, names


def _of_gray_levels(some: list[Path], classes, what: str):
    """Indices, or smoothed black and white."""
    counts: Counter = Counter()
    for path in some:
        with Image.open(path) as image:
            gray = (
                np.asarray(image)
                if image.mode == 'P'
                else read_gray(path.read_bytes())
            )
        values, numbers = np.unique(gray, return_counts=True)
        counts.update(
            dict(zip(values.tolist(), numbers.tolist(), strict=True))
        )
    values = sorted(counts)
    evidence = f'{what} with the values {name_some(values, 12)}'
    top, total = max(values, default=0), sum(counts.values())
    low = sum(n for v, n in counts.items() if v <= MARGIN)
    high = sum(n for v, n in counts.items() if v >= top - MARGIN)
    smoothed = (
        255 - MARGIN <= top <= 255
        and len(values) > FEW
        and min(low, high) > 0
        and low + high > SHARE * total
    )
    if smoothed and len(classes) in (0, 2):
        evidence = (
            f'{len(values)} grey levels from {values[0]} to {top}, most of '
            'them near the ends: smoothed black and white'
        )
        return dict(type='LoadThresholdMasks', thresholds=[128]), evidence, ()
    return dict(type='LoadIndexMasks'), evidence, ()


def _color_file(where: str) -> str | None:
    """CVAT's label map, or a CSV file, beside the masks or above them."""
    folder = osp.abspath(where)
    for _ in range(3):
        for name in COLOR_FILES:
            path = osp.join(folder, name)
            if osp.isfile(path):
                return path
        folder = osp.dirname(folder)
    return None


def _lists_colors(
    file: str, some: Sequence[Path], classes: Sequence[str]
) -> bool:
    """Whether a file has all classes and colours of grey or palette masks.

    Where the values are class indices, it does not: they are nearly black.
    """
    try:
        colors = read_labelmap(file)
    except ValueError:  # it is about something else
        return False
    codes, _ = count_colors(some)
    listed = colors.keys() >= set(classes)
    listed &= set(colors.values()) >= set(map(code_color, codes))
    return listed and bool(codes.any())


def _from_color_file(path: str, classes):
    """Colours that a file gives the classes."""
    colors = read_labelmap(path)
    names = tuple(classes) or tuple(colors)
    missing = [name for name in names if name not in colors]
    if missing:
        raise ValueError(
            f'{path} has no colour for {", ".join(missing)}; it names '
            f'{", ".join(colors)}: add them there, or say the colours with '
            '--mask-colors'
        )
    listed = {name: colors[name] for name in names}
    ignored = [c for n, c in colors.items() if n not in names]
    settings = dict(type='LoadColorMasks', colors=listed)
    if ignored:
        settings['ignored'] = ignored
    return settings, f'colours of {path}', tuple(colors)


def count_colors(
    paths: Sequence[str | Path],
) -> tuple[np.ndarray, np.ndarray]:
    """Count the colours of masks.

    Args:
        paths: The masks; those that cannot be read do not count.

    Returns:
        Codes of the colours, and their shares of all pixels.
    """
    counts: Counter = Counter()
    for path in paths:
        try:
            rgb = read_rgb(Path(path).read_bytes())
        except UNREADABLE:
            continue
        codes, numbers = np.unique(color_codes(rgb), return_counts=True)
        counts.update(dict(zip(codes.tolist(), numbers.tolist(), strict=True)))
    numbers = np.array(list(counts.values()))
    return np.array(list(counts)), numbers / max(numbers.sum(), 1)


def _from_colors(paths, classes):
    """Colours that nobody has named, unless there is no doubt."""
    codes, shares = count_colors(paths)
    others = [code_color(code) for code in codes if code]
    known = classes and find_background(classes) == classes[0]
    if len(codes) == len(classes) == 2 and len(others) == 1 and known:
        settings = dict(type='LoadColorMasks', colors=[(0, 0, 0), *others])
        return settings, f'black and {others[0]}', ()
    many = len(codes) > max(2 * len(classes), 20)
    smoothed = (
        "; borders are smoothed or compressed, so set unlisted='nearest', too"
        if many
        else ''
    )
    raise ValueError(
        f'masks of {len(codes)} colours (R,G,B and share of the pixels): '
        f'{describe_colors(codes, shares, 24)}; say which colour each class '
        'has: --mask-colors with one colour per class in the order of the '
        'classes (R,G,B or RRGGBB), or the path of a labelmap.txt; in a '
        "config mask_format=dict(type='LoadColorMasks', colors=[...])"
        f'{smoothed}'
    )
