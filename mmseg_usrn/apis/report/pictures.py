"""Pictures and figures as data URIs.

Letters: ``H, W`` size of a picture, (H, W, 3) uint8 RGB.
"""

from base64 import b64encode
from io import BytesIO

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image


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
