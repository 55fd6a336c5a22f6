"""Pictures and figures as data URIs.

Letters: ``H, W`` size of a picture, (H, W, 3) uint8 RGB.
"""

from base64 import b64encode
from io import BytesIO

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

LONGEST = 320
"""Pixels of the longer side of a picture."""


def input_picture(inputs: Tensor) -> np.ndarray:
    """A loaded image as a picture.

    Args:
        inputs: (C, H, W) as the pipeline loads it, BGR. Of more channels the
            first three are shown, of fewer the first; what is not uint8 is
            stretched from its least to its largest value.
    """
    image = inputs.cpu().numpy()
    image = image[:3][::-1] if len(image) >= 3 else image[:1].repeat(3, 0)
    if image.dtype != np.uint8:
        low, high = float(image.min()), float(image.max())
        image = (image - low) * (255 / max(high - low, 1e-6))
    return np.ascontiguousarray(image.transpose(1, 2, 0).astype(np.uint8))


def shrink(picture: np.ndarray, longest: int = LONGEST) -> np.ndarray:
    """A picture whose longer side has at most so many pixels."""
    height, width = picture.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return picture
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def jpeg_uri(picture: np.ndarray, quality: int = 80) -> str:
    """A picture as a data URI."""
    file = BytesIO()
    Image.fromarray(picture).save(file, 'JPEG', quality=quality)
    return _uri('image/jpeg', file.getvalue())


def svg_uri(figure: Figure) -> str:
    """A figure as a data URI, with its text as text."""
    file = BytesIO()
    # 'none' leaves the text to the fonts of the reader.
    with matplotlib.rc_context({'svg.fonttype': 'none'}):
        figure.savefig(file, format='svg', metadata={'Date': None})
    return _uri('image/svg+xml', file.getvalue())


def _uri(kind: str, content: bytes) -> str:
    return f'data:{kind};base64,{b64encode(content).decode()}'
