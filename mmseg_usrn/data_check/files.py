"""Facts about single image and mask files."""

import hashlib
import io
from dataclasses import dataclass, field

import cv2
import mmcv
import numpy as np
from PIL import Image, UnidentifiedImageError

EXIF_ORIENTATION = 0x0112
SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that swap width and height
# Formats where Pillow and OpenCV agree on what is readable.
COMMON_FORMATS = ('JPEG', 'PNG', 'BMP', 'WEBP')
MAX_VALUES = 1024  # Different values that are kept of one mask.


@dataclass
class ImageFacts:
    """What the check wants to know of an image file.

    Attributes:
        fault: Why it cannot be read; empty if it can.
        width: Width in pixels as loaded, that is, turned as EXIF says.
        height: Height in pixels as loaded.
        turned: Whether loading swaps width and height.
        digest: Hash of the file's content.
        peak: Largest value of an image of more than 8 bits, else 0.
    """

    fault: str = ''
    width: int = 0
    height: int = 0
    turned: bool = False
    digest: str = ''
    peak: int = 0


@dataclass
class MaskFacts:
    """What the check wants to know of a mask file.

    Attributes:
        fault: Why it cannot be read; empty if it can.
        width: Width in pixels.
        height: Height in pixels.
        channels: Number of channels as loaded.
        gray: Whether all colour channels are equal.
        palette: Whether the file is a palette image.
        values: Number of pixels of every value (of one channel), by value.
    """

    fault: str = ''
    width: int = 0
    height: int = 0
    channels: int = 1
    gray: bool = False
    palette: bool = False
    values: dict[int, int] = field(default_factory=dict)


def read_bytes(path: str) -> tuple[bytes, str]:
    """Read a file.

    Returns:
        Its content and ``''``, or nothing and what is wrong.
    """
    try:
        with open(path, 'rb') as file:
            content = file.read()
    except FileNotFoundError:
        return b'', 'the file is missing'
    except OSError as error:
        return b'', f'the file cannot be opened: {error.strerror}'
    return content, '' if content else 'the file is empty'


def image_facts(path: str) -> ImageFacts:
    """Look at an image file; all of it is decoded.

    Args:
        path: Path of the file.

    Returns:
        The facts. Errors of reading are facts, too.
    """
    content, fault = read_bytes(path)
    if fault:
        return ImageFacts(fault)
    facts = ImageFacts(digest=hashlib.blake2b(content).hexdigest()[:32])
    try:
        _decode_image(content, facts)
    except (OSError, ValueError, SyntaxError, cv2.error) as error:
        facts.fault = f'the file is damaged: {_short(error)}'
    return facts


def _decode_image(content: bytes, facts: ImageFacts) -> None:
    """Fill in size and depth, or raise what the decoder raises."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            kind, (width, height) = image.format, image.size
            orientation = image.getexif().get(EXIF_ORIENTATION, 1)
            deep = kind == 'PNG' and content[24] == 16
            image.draft('L', (1, 1))  # The cheapest decoding that JPEG has.
            image.load()
    except (UnidentifiedImageError, Image.DecompressionBombError):
        kind = None  # OpenCV knows formats and sizes that Pillow does not.
    if kind not in COMMON_FORMATS or deep:
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
        array = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
        if array is None:
            raise ValueError('OpenCV cannot decode it (is it 8 or 16 bit?)')
        if array.dtype != np.uint8:
            facts.peak = int(array.max())
        height, width = array.shape[:2]
        orientation = 1  # OpenCV has turned it.
    facts.turned = orientation in SIDEWAYS
    if facts.turned:
        width, height = height, width
    facts.width, facts.height = width, height


def mask_facts(path: str, backend: str = 'pillow') -> MaskFacts:
    """Look at a mask file as the loader will see it.

    Args:
        path: Path of the file.
        backend: ``imdecode_backend`` of the loader.

    Returns:
        The facts. Errors of reading are facts, too.
    """
    content, fault = read_bytes(path)
    if fault:
        return MaskFacts(fault)
    try:
        mask = mmcv.imfrombytes(content, 'unchanged', backend=backend)
        if mask is None:
            return MaskFacts('the file is damaged')
        facts = MaskFacts(palette=_has_palette(content))
        _describe_mask(mask.squeeze(), facts)
    except (OSError, ValueError, SyntaxError, cv2.error) as error:
        return MaskFacts(f'the file is damaged: {_short(error)}')
    return facts


def _describe_mask(mask: np.ndarray, facts: MaskFacts) -> None:
    """Fill in size, channels and values of a decoded mask."""
    if mask.ndim < 2:  # squeeze() takes masks of one row or column apart.
        mask = np.atleast_2d(mask)
    facts.height, facts.width = mask.shape[:2]
    if mask.ndim == 3:
        facts.channels = mask.shape[2]
        colors = mask[..., :3] if facts.channels >= 3 else mask[..., :1]
        facts.gray = bool((colors == colors[..., :1]).all())
        mask = mask[..., 0]
    if mask.dtype.kind == 'f' and not (mask == mask.round()).all():
        facts.fault = 'the values are fractions'
        return
    facts.values = _count_values(mask)


def _count_values(mask: np.ndarray) -> dict[int, int]:
    """Pixels of every value; of very many values, the first ones."""
    if mask.dtype in (np.uint8, np.uint16):
        counts = np.bincount(mask.ravel())
        values = np.flatnonzero(counts)
        counts = counts[values]
    else:
        values, counts = np.unique(mask, return_counts=True)
    pairs = zip(values[:MAX_VALUES], counts[:MAX_VALUES], strict=True)
    return {int(value): int(count) for value, count in pairs}


def _has_palette(content: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.mode == 'P'
    except (UnidentifiedImageError, Image.DecompressionBombError):
        return False


def _short(error: Exception) -> str:
    """First line of an error without the addresses of buffers."""
    return str(error).split('<_io')[0].strip()[:100]
