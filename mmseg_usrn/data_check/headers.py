"""What the header of an image file says, without decoding it."""

import io
import struct
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import ImageFileDirectory_v2

ORIENTATION = 274  # EXIF and TIFF number it alike
WIDTH, HEIGHT, BITS, BANDS, EXTRA, FORMAT = 256, 257, 258, 277, 338, 339
TIFF_STARTS = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
BIG_TIFF = 43
ALPHA = (1, 2)  # kinds of extra band that are transparency
FLOAT = 3  # sample format


@dataclass
class Header:
    """What a decoder may hide.

    Attributes:
        size: Width and height as stored, in pixels; (0, 0) if unknown.
        orientation: How EXIF wants the picture turned, 1 (not) to 8.
        bands: Bands of a TIFF without transparency, 0 if unknown.
        bits: Bits of a value of a TIFF, 0 if unknown.
        floating: Whether a TIFF holds floating-point values.
    """

    size: tuple[int, int] = (0, 0)
    orientation: int = 1
    bands: int = 0
    bits: int = 0
    floating: bool = False


def read_header(content: bytes) -> Header:
    """Read the header of a file.

    Args:
        content: The whole file.

    Returns:
        The header; an empty one if the format is unknown.
    """
    try:
        if content[:4] in TIFF_STARTS:
            return _read_tiff(content)
        with Image.open(io.BytesIO(content)) as image:
            # Without an entry, Pillow decodes a PNG to look behind its pixels.
            exif = image.format != 'PNG' or b'eXIf' in content
            orientation = image.getexif().get(ORIENTATION, 1) if exif else 1
            return Header(image.size, _valid(orientation))
    except (UnidentifiedImageError, Image.DecompressionBombError):
        return Header()
    except (
        OSError,
        ValueError,
        SyntaxError,
        KeyError,
        TypeError,
        struct.error,
    ):
        return Header()  # The loader says what is wrong.


def is_palette(path: str) -> bool:
    """Whether an image file holds positions in a palette."""
    try:
        with Image.open(path) as image:
            return image.mode == 'P'
    except (OSError, ValueError, Image.DecompressionBombError):
        return False


def _read_tiff(content: bytes) -> Header:
    """Pillow's own reader refuses pictures of unusual bands."""
    file = io.BytesIO(content)
    big = BIG_TIFF in content[2:4]
    tags = ImageFileDirectory_v2(content[: 16 if big else 8])
    file.seek(tags.next)
    tags.load(file)
    extra = tags.get(EXTRA, ())
    alphas = sum(kind in ALPHA for kind in extra)
    kinds = tags.get(FORMAT, (1,))
    return Header(
        (int(tags.get(WIDTH, 0)), int(tags.get(HEIGHT, 0))),
        _valid(tags.get(ORIENTATION, 1)),
        int(tags.get(BANDS, 1)) - alphas,
        int(tags.get(BITS, (1,))[0]),
        FLOAT in kinds,
    )


def _valid(orientation: object) -> int:
    return orientation if orientation in range(1, 9) else 1
