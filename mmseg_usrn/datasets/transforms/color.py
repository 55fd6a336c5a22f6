"""Colour changes of the strong view. ``RandomApply`` gives probabilities.

Brightness and contrast of 8-bit images equal Pillow's (and with it those of
torchvision) to the bit, saturation to 1 level in a few of a million values;
hue to 3 levels in 99.9 % of the pixels and to 7 in all, since Pillow cuts it
to 255 steps of a turn. Images are ``(H, W, C)``, BGR for C = 3. With another
number of bands there is no saturation, hue or luma: these changes are left
out, and the log says so once.
"""

from functools import cache

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.logging import print_log
from mmseg.registry import TRANSFORMS

MAX_UINT8 = 255
# Pillow's luma of BGR, in 65536ths.
LUMA = np.array([[7471, 38470, 19595]], np.float32) / 65536
# The largest error of OpenCV's luma, which is quicker.
LUMA_ERROR = 0.005
VALUES = np.arange(256, dtype=np.float32)
# Turns rounding to the nearest whole number into cutting off.
CUT = -0.49998
# Pillow's hue ends at 255, but wraps at 256; whole values must stay whole.
HUE_STEPS, HUE_CUT = 255, -0.4999
DEGREES = 360


def luma(image: np.ndarray) -> np.ndarray:
    """Brightness of a BGR image as Pillow has it, of shape (H, W)."""
    if image.dtype == np.uint8:
        return cv2.transform(image, LUMA)
    return image.astype(np.float32) @ LUMA[0]


def adjust_brightness(image: np.ndarray, factor: float) -> np.ndarray:
    """Multiply by a factor."""
    return _stretch(image, factor, 0)


def adjust_contrast(image: np.ndarray, factor: float) -> np.ndarray:
    """Stretch around the mean brightness, rounded."""
    return _stretch(image, factor, int(_mean_luma(image) + 0.5))


def _mean_luma(image: np.ndarray) -> float:
    """Mean brightness; exact where it decides how the mean is rounded."""
    if not _has_colors(image):
        return float(image.mean())
    if image.dtype == np.uint8:
        mean = cv2.mean(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))[0]
        if abs(mean % 1 - 0.5) > LUMA_ERROR:
            return mean
    return cv2.mean(luma(image))[0]


def _stretch(image: np.ndarray, factor: float, center: float) -> np.ndarray:
    """Move all values away from a centre, or towards it."""
    is_uint8 = image.dtype == np.uint8
    values = VALUES if is_uint8 else image.astype(np.float32)
    middle = np.float32(center)
    moved = middle + np.float32(factor) * (values - middle)
    moved = moved.clip(0, _top(image)).astype(image.dtype)
    return cv2.LUT(image, moved) if is_uint8 else moved


def _top(image: np.ndarray) -> float:
    """Largest value that an image can have."""
    if image.dtype.kind == 'f':
        return MAX_UINT8  # MMCV's float images have the values of 8-bit ones.
    return np.iinfo(image.dtype).max


def adjust_saturation(image: np.ndarray, factor: float) -> np.ndarray:
    """Move the colours away from gray, or towards it."""
    if image.dtype == np.uint8:
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        gray = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
        return cv2.addWeighted(image, factor, gray, 1 - factor, CUT)
    gray = luma(image)[..., None]
    moved = gray + factor * (image - gray)
    return moved.clip(0, _top(image)).astype(image.dtype)


def adjust_hue(image: np.ndarray, turns: float) -> np.ndarray:
    """Turn the colours.

    Args:
        image: BGR.
        turns: From -0.5 to 0.5; a third of a turn makes green of red.
    """
    hsv = cv2.cvtColor(image.astype(np.float32), cv2.COLOR_BGR2HSV)
    if image.dtype != np.uint8:
        hsv[..., 0] = (hsv[..., 0] + turns * DEGREES) % DEGREES
        bgr = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
        return bgr.clip(0, _top(image)).astype(image.dtype)
    step = DEGREES / HUE_STEPS
    turned = (VALUES + int(turns * HUE_STEPS)) % 256 * np.float32(step)
    hue = cv2.extractChannel(hsv, 0)
    hue = cv2.convertScaleAbs(hue, alpha=1 / step, beta=HUE_CUT)
    cv2.insertChannel(cv2.LUT(hue, turned), hsv, 0)
    return cv2.convertScaleAbs(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR))


def _has_colors(image: np.ndarray) -> bool:
    return image.ndim == 3 and image.shape[2] == 3


@cache
def _say_once(text: str) -> None:
    print_log(text, logger='current')


def _tell_left_out(image: np.ndarray, changes: str) -> None:
    bands = image.shape[2] if image.ndim == 3 else 1
    _say_once(
        f'images of {bands} band(s): the strong view leaves out {changes}'
    )


@TRANSFORMS.register_module()
class GaussianBlur(BaseTransform):
    """Blur the image; the kernel's size gives its standard deviation.

    Required and modified key: ``img``.

    Args:
        kernel_size: Odd side of the kernel in pixels. Defaults to 5, for
            which OpenCV takes a standard deviation of 1.1.

    Raises:
        ValueError: If the size is even or not positive.
    """

    def __init__(self, kernel_size: int = 5) -> None:
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(
                f'GaussianBlur: kernel_size must be odd, got {kernel_size}'
            )
        self.kernel_size = kernel_size

    def transform(self, results: dict) -> dict:
        """Blur."""
        size = (self.kernel_size, self.kernel_size)
        blurred = cv2.GaussianBlur(results['img'], size, sigmaX=0)
        results['img'] = blurred.reshape(results['img'].shape)
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(kernel_size={self.kernel_size})'


@TRANSFORMS.register_module()
class ColorJitter(BaseTransform):
    """Torchvision's ``ColorJitter``, for MMSeg's BGR images.

    It draws the numbers that torchvision draws, and changes the colours as
    Pillow does, with OpenCV, 5 times as fast. MMSeg's
    ``PhotoMetricDistortion`` has other ranges and skips each change with
    probability 0.5. Required and modified key: ``img``.

    Args:
        brightness: The factor is drawn from 1 +- this value.
        contrast: Likewise.
        saturation: Likewise.
        hue: The shift is drawn from +- this value, in turns.

    Raises:
        ValueError: If a value is negative, or ``hue`` above 0.5.
    """

    def __init__(
        self,
        brightness: float = 0.0,
        contrast: float = 0.0,
        saturation: float = 0.0,
        hue: float = 0.0,
    ) -> None:
        self.widths = dict(
            brightness=brightness,
            contrast=contrast,
            saturation=saturation,
            hue=hue,
        )
        if min(self.widths.values()) < 0 or hue > 0.5:
            raise ValueError(
                'ColorJitter: values must not be negative and hue at most '
                f'0.5, got {self.widths}'
            )

    def _draw(self) -> list[tuple]:
        """Changes and their amounts, in the order of this image."""
        order = torch.randperm(4).tolist()
        bounds = [
            (max(0.0, center - width), center + width)
            if name != 'hue'
            else (-width, width)
            for (name, width), center in zip(
                self.widths.items(), (1, 1, 1, 0), strict=True
            )
        ]
        amounts = [
            float(torch.empty(1).uniform_(*bound)) if width else None
            for bound, width in zip(bounds, self.widths.values(), strict=True)
        ]
        return [
            (CHANGES[i], amounts[i]) for i in order if amounts[i] is not None
        ]

    def transform(self, results: dict) -> dict:
        """Change the colours, the four changes in random order."""
        image = results['img']
        for change, amount in self._draw():
            if change in COLOR_CHANGES and not _has_colors(image):
                _tell_left_out(image, 'saturation and hue')
            else:
                image = change(image, amount)
        results['img'] = image.reshape(results['img'].shape)
        return results

    def __repr__(self) -> str:
        widths = ', '.join(f'{k}={v}' for k, v in self.widths.items())
        return f'{self.__class__.__name__}({widths})'


CHANGES = (
    adjust_brightness,
    adjust_contrast,
    adjust_saturation,
    adjust_hue,
)
COLOR_CHANGES = (adjust_saturation, adjust_hue)


@TRANSFORMS.register_module()
class ToGray(BaseTransform):
    """Replace the colours by Pillow's luma, in all three channels.

    MMCV's ``RandomGrayscale`` takes 20 times as long and cuts the values off.
    Required and modified key: ``img``.
    """

    def transform(self, results: dict) -> dict:
        """Take the colours away."""
        image = results['img']
        if not _has_colors(image):
            _tell_left_out(image, 'grayscale')
            return results
        gray = luma(image).astype(image.dtype, copy=False)
        results['img'] = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}()'
