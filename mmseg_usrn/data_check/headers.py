"""What the header of an image file says, without decoding it."""

import io
import struct
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from mmseg_usrn.datasets.bands import Bands, describe_bands, is_tiff

ORIENTATION = 274  # EXIF and TIFF number it alike
WIDTH, HEIGHT = 256, 257
BIG_TIFF = 43


@dataclass
class Header:
    """What a loader does not tell.

    Attributes:
        size: Width and height as stored, in pixels; (0, 0) if unknown.
        orientation: How EXIF wants the picture turned, 1 (not) to 8.
        bands: Bands of a TIFF file; None for other files.
    """

    size: tuple[int, int] = (0, 0)
    orientation: int = 1
    bands: Bands | None = None


def read_header(content: bytes) -> Header:
    """Read the header of a file.

    Args:
        content: The whole file.

    Returns:
        The header; an empty one if the format is unknown.
    """
    try:
        if is_tiff(content):
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
    size = (int(tags.get(WIDTH, 0)), int(tags.get(HEIGHT, 0)))
    orientation = _valid(tags.get(ORIENTATION, 1))
    return Header(size, orientation, describe_bands(content))


def _valid(orientation: object) -> int:
    return orientation if orientation in range(1, 9) else 1
