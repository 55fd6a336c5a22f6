"""Colours and grey levels of mask images."""

import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import mmcv
import numpy as np
from PIL import Image

Color = tuple[int, int, int]
MAX_UINT8 = 255


def read_rgb(content: bytes) -> np.ndarray:
    """Decode an image to RGB of shape (H, W, 3), uint8.

    Palette images get their colours, transparency is dropped, and nothing is
    turned.
    """
    with Image.open(io.BytesIO(content)) as image:
        palette = image.mode in ('P', 'PA')
        colors = image.convert('RGBA') if palette else image
        return np.asarray(colors.convert('RGB'))


def color_codes(rgb: np.ndarray) -> np.ndarray:
    """One number per pixel: ``R + 256 G + 65536 B``.

    Args:
        rgb: Colours of shape (H, W, 3), uint8.

    Returns:
        Codes of shape (H, W), uint32.
    """
    filled = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2RGBA)
    return filled.view('<u4')[..., 0] & 0xFFFFFF


def code_color(code: int) -> Color:
    """Colour of a code."""
    return int(code) & 255, int(code) >> 8 & 255, int(code) >> 16


def parse_color(value: str | Sequence[int]) -> Color:
    """Read a colour.

    Args:
        value: ``(255, 0, 0)``, ``'255,0,0'``, ``'ff0000'`` or ``'#ff0000'``.

    Raises:
        ValueError: If it is none of these.
    """
    try:
        if not isinstance(value, str):
            parts = [int(part) for part in value]
        elif ',' in value:
            parts = [int(part) for part in value.split(',')]
        else:
            parts = list(bytes.fromhex(value.strip().lstrip('#')))
        r, g, b = parts
        if not all(0 <= part <= MAX_UINT8 for part in parts):
            raise ValueError
    except (TypeError, ValueError):
        raise ValueError(
            f'{value!r} is no colour: write 255,0,0 or ff0000'
        ) from None
    return r, g, b


def read_labelmap(path: str | Path) -> dict[str, Color]:
    """Read names and colours: CVAT's ``labelmap.txt``, or a CSV file.

    A line is ``name:r,g,b:parts:actions``, or ``name,r,g,b``; lines that
    start with ``#``, and the head of a CSV file, are comments.

    Args:
        path: The file.

    Returns:
        Colour of every class, in the order of the file.

    Raises:
        ValueError: If the file is missing or of another form.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f'the label map {path} does not exist')
    colors = {}
    for line in path.read_text(encoding='utf-8-sig').splitlines():
        separator = ',' if path.suffix.lower() == '.csv' else ':'
        name, _, rest = line.partition(separator)
        if not name.strip() or line.lstrip().startswith('#'):
            continue
        color = rest.split(':')[0].strip()
        if separator == ',' and not any(c.isdigit() for c in color):
            continue
        if not color:
            raise ValueError(
                f'{path}: {line!r} gives no colour; a line is name:r,g,b::'
            )
        colors[name.strip()] = parse_color(color)
    if not colors:
        raise ValueError(f'{path} names no class')
    return colors


def describe_colors(codes: np.ndarray, shares: np.ndarray, most=12) -> str:
    """Text of colours and their shares, the most frequent first."""
    order = np.argsort(-shares, kind='stable')
    named = [
        f'({",".join(map(str, code_color(codes[i])))}) {shares[i]:.2%}'
        for i in order[:most]
    ]
    more = len(order) - most
    return ', '.join(named) + (f' and {more} more' if more > 0 else '')


def read_gray(content: bytes) -> np.ndarray:
    """Decode an image to grey levels of shape (H, W), uint8 or deeper."""
    with Image.open(io.BytesIO(content)) as image:
        if image.mode in ('P', 'PA', 'RGB', 'RGBA', 'LA', 'CMYK'):
            return np.asarray(image.convert('RGB').convert('L'))
    gray = mmcv.imfrombytes(content, 'unchanged', backend='pillow')
    return gray.astype(np.uint8) if gray.dtype == bool else gray
