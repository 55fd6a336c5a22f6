"""Colour changes of the strong view. ``RandomApply`` gives probabilities."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS
from PIL import Image


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
        results['img'] = cv2.GaussianBlur(results['img'], size, sigmaX=0)
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(kernel_size={self.kernel_size})'


@TRANSFORMS.register_module()
class ColorJitter(BaseTransform):
    """Torchvision's ``ColorJitter``, for MMSeg's BGR images.

    MMSeg's ``PhotoMetricDistortion`` has other ranges and skips each change
    with probability 0.5. Required and modified key: ``img``, uint8.

    Args:
        brightness: The factor is drawn from 1 +- this value.
        contrast: Likewise.
        saturation: Likewise.
        hue: The shift is drawn from +- this value, in turns.
    """

    def __init__(
        self,
        brightness: float = 0.0,
        contrast: float = 0.0,
        saturation: float = 0.0,
        hue: float = 0.0,
    ) -> None:
        # Only here, so that all else works without torchvision.
        from torchvision import transforms

        self.jitter = transforms.ColorJitter(
            brightness, contrast, saturation, hue
        )

    def transform(self, results: dict) -> dict:
        """Change the colours, the four changes in random order."""
        rgb = Image.fromarray(np.ascontiguousarray(results['img'][..., ::-1]))
        changed = np.asarray(self.jitter(rgb))
        results['img'] = np.ascontiguousarray(changed[..., ::-1])
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}({self.jitter!r})'
