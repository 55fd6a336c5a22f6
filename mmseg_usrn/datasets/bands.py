"""Images of any number of bands, in the order of the file.

OpenCV refuses TIFF files of more than four bands, and takes the first band of
those whose bands are no colours (photometric interpretation MINISBLACK) for a
gray image. Shapes: ``H, W, C``, C bands.
"""

import io
import struct
from dataclasses import dataclass

import cv2
import numpy as np
import tifffile

TIFF_STARTS = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
BAND_AXES = 'SC'  # samples, channels
# What tifffile raises where a file is cut short.
DAMAGES = (
    tifffile.TiffFileError,
    IndexError,
    KeyError,
    OSError,
    struct.error,
)


@dataclass
class Bands:
    """What the header of an image says of its bands.

    Attributes:
        number: C.
        dtype: Type of the values.
        colors: Whether the bands are gray, RGB, or one of them with
            transparency; then stock loaders read the image.
    """

    number: int
    dtype: np.dtype
    colors: bool


def is_tiff(content: bytes) -> bool:
    """Whether this is the content of a TIFF file."""
    return content[:4] in TIFF_STARTS


def describe_bands(content: bytes) -> Bands | None:
    """Read the header of a TIFF file.

    Args:
        content: The file's content.

    Returns:
        What it says; None if the file is of another format.

    Raises:
        ValueError: If the file is damaged.
    """
    if not is_tiff(content):
        return None
    try:
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            series, page = file.series[0], file.pages.first
            kind = tifffile.PHOTOMETRIC(page.photometric).name
            number = 1
            if len(series.shape) == 3:
                number = series.shape[_band_axis(series.axes, series.shape)]
            # Extra samples: 1 and 2 are transparency.
            extra = [int(sample) for sample in page.extrasamples]
            known = all(sample in (1, 2) for sample in extra)
            base = 3 if kind in ('RGB', 'YCBCR') else 1
            colors = known and number - len(extra) == base
            colors = colors or kind == 'PALETTE'
            return Bands(number, series.dtype, colors and len(file.pages) == 1)
    except DAMAGES as error:
        raise ValueError(f'the TIFF file is damaged: {error}') from error


def _band_axis(axes: str, shape: tuple[int, ...]) -> int:
    """The axis of the bands, which are fewer than rows and columns."""
    named = [i for i, axis in enumerate(axes) if axis in BAND_AXES]
    return named[0] if len(named) == 1 else int(np.argmin(shape))


def read_bands(content: bytes) -> np.ndarray:
    """Decode an image with all its bands.

    Args:
        content: Content of a TIFF file of any layout (interleaved, planes,
            pages), or of any other image file.

    Returns:
        Array of shape (H, W, C) in the order of the file, RGB for colour
        images, of the file's type.

    Raises:
        ValueError: If the file cannot be decoded.
    """
    if not is_tiff(content):
        flags = cv2.IMREAD_UNCHANGED
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
        if image is None:
            raise ValueError('the file is damaged: OpenCV cannot decode it')
        image = np.atleast_3d(image)
        order = [2, 1, 0, 3] if image.shape[2] >= 3 else [0]
        return image[..., order[: image.shape[2]]]
    try:
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            series = file.series[0]
            image, axes = series.asarray(), series.axes
    except ValueError as error:
        if 'imagecodecs' not in str(error):
            raise
        raise ValueError(
            f'{error}: install it (pip install imagecodecs), or save the '
            'TIFF files with the compression deflate or none'
        ) from None
    except DAMAGES as error:
        raise ValueError(f'the TIFF file is damaged: {error}') from error
    if image.ndim == 2:
        return image[..., None]
    if image.ndim != 3:
        raise ValueError(
            f'the TIFF file holds an array of {image.ndim} dimensions '
            f'{image.shape}; an image has height, width and bands'
        )
    return np.moveaxis(image, _band_axis(axes, image.shape), -1)


def to_uint8(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """Scale values to 0..255; what is no number becomes 0.

    Args:
        image: Values of any type and shape.
        low: Value that becomes 0, like all smaller ones.
        high: Value that becomes 255, like all larger ones.

    Returns:
        Rounded values, uint8.
    """
    scaled = (image.astype(np.float32) - low) * (255 / (high - low))
    return np.nan_to_num(scaled).round().clip(0, 255).astype(np.uint8)
