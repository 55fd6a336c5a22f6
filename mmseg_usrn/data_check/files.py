"""Facts about single images and masks, as training loads them."""

import hashlib
import os
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from mmseg_usrn.datasets.bands import Bands, to_uint8
from mmseg_usrn.datasets.mask_formats.colors import color_codes

from .counts import count_levels, count_values
from .headers import Header, read_header
from .loaders import Loaders
from .ranges import find_range, full_value

THUMBNAIL = (16, 16)  # width and height, pixels
HALFWAY = (256, 256)  # a multiple: OpenCV averages whole cells quickly
SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that swap width and height
FEW_LEVELS = 32  # fewer than a photograph has, unless it is nearly black
MAX_TEXT = 240  # characters of a loader's error
# The values of the file are looked at, before rules change them.
NEUTRAL = dict(reduce_zero_label=False, label_map=None)


@dataclass
class ImageFacts:
    """What the check wants to know of an image.

    Attributes:
        fault: Why it cannot be read; empty if it can.
        width: Width in pixels as loaded; 0 if it is no picture.
        height: Height in pixels as loaded.
        orientation: How EXIF wants the picture turned, 1 (not) to 8.
        turned: Whether loading swaps width and height.
        digest: Hash of the file's content.
        peak: Largest value of an image of more than 8 bits, without outliers
            and values for "no data"; else 0.
        low: Smallest value of such an image, at most 0.
        thumbnail: A small grayscale version, base64.
        levels: Grey levels that cover nearly all of the picture: a photograph
            has many, a mask few, even one that compression has blurred.
        values: The values of a grayscale picture of few values.
        colored: Whether its channels differ.
        channels: Channels as loaded.
        bands: Bands of a file whose bands are no colours, else 0.
        kind: Type of the values as loaded, ``'uint8'`` for most.
        mean: Mean of an image that has no colours, as stored, else 0.
    """

    fault: str = ''
    width: int = 0
    height: int = 0
    orientation: int = 1
    turned: bool = False
    digest: str = ''
    peak: float = 0
    low: float = 0
    thumbnail: str = ''
    levels: int = 0
    values: list[int] = field(default_factory=list)
    colored: bool = False
    channels: int = 3
    bands: int = 0
    kind: str = ''
    mean: float = 0.0


@dataclass
class MaskFacts:
    """What the check wants to know of a mask.

    Attributes:
        fault: Why it cannot be read; empty if it can.
        width: Width in pixels; 0 if it is no picture.
        height: Height in pixels.
        channels: Number of channels as loaded.
        gray: Whether all colour channels are equal.
        colors: Number of pixels of every colour of a mask in colours.
        values: Number of pixels of every value (of one channel), by value.
    """

    fault: str = ''
    width: int = 0
    height: int = 0
    channels: int = 1
    gray: bool = False
    colors: dict[int, int] = field(default_factory=dict)
    values: dict[int, int] = field(default_factory=dict)


def look(info: Mapping, loaders: Loaders) -> tuple[ImageFacts, MaskFacts]:
    """Load an image and its mask once, and describe them.

    Args:
        info: What the dataset says of the image: ``img_path`` and, if it has
            a mask, ``seg_map_path``.
        loaders: The dataset's loading steps.

    Returns:
        The facts. Errors of loading are facts, too.
    """
    results = dict(info, **NEUTRAL, seg_fields=[])
    image, header = _open(info['img_path'])
    if not image.fault:
        image.fault, results = _run(
            loaders.images, results, [info['img_path']]
        )
        if image.fault and image.bands and header.bands:
            image.fault = _refused(header.bands, loaders)
    if not image.fault:
        _describe_image(results['img'], header, image)
    mask = MaskFacts()
    if info.get('seg_map_path'):
        paths = loaders.files(info)[1:]
        mask.fault, results = _run(loaders.masks, results, paths)
        if not mask.fault:
            _describe_mask(results['gt_seg_map'], mask)
    return image, mask


def _open(path: str) -> tuple[ImageFacts, Header]:
    """Read the file for what no loader tells: its header, its digest."""
    try:
        with open(path, 'rb') as file:
            content = file.read()
    except OSError as error:
        return ImageFacts(_fault([path], error)), Header()
    if not content:
        return ImageFacts('the file is empty'), Header()
    header = read_header(content)
    bands = header.bands
    number = bands.number if bands and not bands.colors else 0
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    facts = ImageFacts(digest=digest, orientation=header.orientation)
    facts.bands = number
    return facts, header


def _run(steps: list, results: dict, paths: list[str]) -> tuple[str, dict]:
    """Run loading steps; say what is wrong where they fail."""
    try:
        for step in steps:
            results = step(results)
    # What a loader of any origin raises is what training would end with.
    except Exception as error:
        return _fault(paths, error), results
    return '', results


def _fault(paths: list[str], error: Exception) -> str:
    """Why a file, or one of several files, cannot be loaded."""
    for path in paths:
        if not os.path.exists(path):
            return 'the file is missing'
        if not os.path.getsize(path):
            return 'the file is empty'
    if isinstance(error, OSError) and error.strerror:
        return f'the file cannot be opened: {error.strerror}'
    if isinstance(error, AssertionError):  # the stock loader's, of OpenCV
        return 'the file is damaged: it cannot be decoded'
    text = _short(error, paths)
    ours = isinstance(error, ValueError) and text != str(error)
    return text if ours else f'the file is damaged: {text}'


def _refused(bands: Bands, loaders: Loaders) -> str:
    """Why a loader refuses a TIFF file that is what it says."""
    return (
        f'{bands.number} band(s) of {bands.dtype} values, which '
        f'{loaders.names_of_images} does not load'
    )


def _describe_image(
    image: np.ndarray, header: Header, facts: ImageFacts
) -> None:
    """Fill in what the pixels of an image say."""
    if image.ndim not in (2, 3):
        return
    facts.height, facts.width = image.shape[:2]
    facts.turned = (
        facts.orientation in SIDEWAYS
        and header.size == (facts.height, facts.width)
        and facts.width != facts.height
    )
    facts.kind = str(image.dtype)
    facts.channels = image[0, 0].size
    low, high = 0, 255
    if image.dtype != np.uint8:
        facts.low, facts.peak = find_range(image)
        low, high = facts.low, full_value(facts.peak)
        image = to_uint8(image, low, high)
    few = image[::8, ::8].reshape(-1, facts.channels)
    if facts.channels != 3:
        facts.mean = low + float(few.mean()) / 255 * (high - low)
    facts.colored = bool((few != few[:, :1]).any())
    gray = image if image.ndim == 2 else _to_gray(image)
    small = cv2.resize(gray, HALFWAY)
    small = cv2.resize(small, THUMBNAIL, interpolation=cv2.INTER_AREA)
    facts.thumbnail = b64encode(small).decode()
    facts.levels = count_levels(gray)
    if facts.levels <= FEW_LEVELS and not facts.colored:
        facts.values = list(count_values(gray))


def _to_gray(image: np.ndarray) -> np.ndarray:
    """Brightness of shape (H, W), uint8."""
    if image.shape[2] == 3:
        return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return image.mean(2).astype(np.uint8)


def _describe_mask(mask: np.ndarray, facts: MaskFacts) -> None:
    """Fill in size, channels and values of a loaded mask."""
    if mask.ndim < 2:  # squeeze() takes masks of one row or column apart.
        mask = np.atleast_2d(mask)
    if mask.ndim > 3 or mask.shape[2:] > (4,):
        return  # a volume
    facts.height, facts.width = mask.shape[:2]
    if mask.ndim == 3:
        facts.channels = mask.shape[2]
        colors = mask[..., :3] if facts.channels >= 3 else mask[..., :1]
        facts.gray = bool((colors == colors[..., :1]).all())
        if not facts.gray and mask.dtype == np.uint8:
            facts.colors = count_values(color_codes(colors[..., ::-1]))
        mask = mask[..., 0]
    if mask.dtype.kind == 'f' and not (mask == mask.round()).all():
        facts.fault = 'the values are fractions'
        return
    facts.values = count_values(mask)


def _short(error: Exception, paths: list[str]) -> str:
    """First line of an error, without what differs from file to file."""
    lines = str(error).split('<_io')[0].strip().splitlines()
    text = lines[0] if lines else type(error).__name__
    for path in paths:
        text = text.removeprefix(f'{path}: ').removeprefix(f'{path} ')
    return re.sub(r' \d+(\.\d+)?%', '', text)[:MAX_TEXT]
