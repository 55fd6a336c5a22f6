"""Loading what the stock transforms load wrongly.

MMCV's ``LoadImageFromFile`` gives 8-bit BGR for colour, grayscale, palette,
16-bit and transparent images and turns them as EXIF says; nothing here is
needed for those.
"""

import cv2
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmseg.registry import TRANSFORMS

from ..mask_formats import MaskLoader


@TRANSFORMS.register_module()
class LoadDeepImage(LoadImageFromFile):
    """Load 16-bit images that use only the lower part of the 16 bits.

    Cameras and microscopes of 10, 12 or 14 bits store their values in 16-bit
    files. The stock loader keeps the upper 8 bits, which leaves such images
    nearly black. Images of 8 bits are loaded as usual.

    Args:
        max_value: Value of the file that becomes 255, for example 4095 for
            12 bits. Larger values become 255, too.
        **kwargs: As for MMCV's ``LoadImageFromFile``.
    """

    def __init__(self, max_value: int, **kwargs) -> None:
        if max_value < 1:
            raise ValueError(
                f'LoadDeepImage: max_value must be >= 1, got {max_value}; '
                'for 12-bit images it is 4095'
            )
        kwargs.setdefault('color_type', cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
        super().__init__(**kwargs)
        self.max_value = max_value

    def transform(self, results: dict) -> dict:
        """Load an image as uint8 BGR of shape (H, W, 3)."""
        results = super().transform(results)
        image = results['img']
        if image.dtype != np.uint8:
            image = image.astype(np.float32) * (255 / self.max_value)
            results['img'] = image.round().clip(0, 255).astype(np.uint8)
        return results


@TRANSFORMS.register_module()
class LoadWideAnnotations(MaskLoader):
    """Load masks of more than 255 classes.

    The stock ``LoadAnnotations`` cuts every value to 8 bits, and its value
    for "not labeled", 255, is a class here. The labels have dtype uint16.

    Args:
        ignore_index: Value of pixels without a label. Give the same value to
            the dataset, the decode heads, the metric (``ignore_index``) and
            the data preprocessor (``seg_pad_val``).
        **kwargs: As for :class:`MaskLoader`.
    """

    def __init__(self, ignore_index: int = 65535, **kwargs) -> None:
        super().__init__(ignore_index=ignore_index, **kwargs)
