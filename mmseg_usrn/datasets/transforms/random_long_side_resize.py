"""Random scale of the paper's training pipelines."""

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomLongSideResize(BaseTransform):
    """Give the longer side a random length and keep the aspect ratio.

    MMSeg's ``RandomResize`` draws a continuous factor, never reaches the
    upper end, and cannot use Pillow's bicubic filter for the image together
    with OpenCV's nearest one for maps of any type. The original code does
    all three.

    Required keys: ``img``, ``seg_fields`` (optional) and the maps it lists.
    Modified keys: those, ``img_shape``. Added keys: ``scale``,
    ``scale_factor``, ``keep_ratio``.

    Args:
        long_side: Least and greatest length in pixels, both included; every
            whole number between them is equally likely.

    Raises:
        ValueError: If the range is empty or not positive.
    """

    def __init__(self, long_side: tuple[int, int]) -> None:
        low, high = long_side
        if not 0 < low <= high:
            raise ValueError(
                'RandomLongSideResize: long_side must be (least, greatest) '
                f'with 0 < least <= greatest, got {long_side}'
            )
        self.long_side = (low, high)

    @cache_randomness
    def _draw(self) -> int:
        return int(np.random.randint(self.long_side[0], self.long_side[1] + 1))

    def transform(self, results: dict) -> dict:
        """Resize the image (bicubic) and its maps (nearest)."""
        height, width = results['img'].shape[:2]
        ratio = self._draw() / max(height, width)
        size = tuple(max(1, int(s * ratio + 0.5)) for s in (width, height))
        results['img'] = mmcv.imresize(
            results['img'], size, interpolation='bicubic', backend='pillow'
        )
        for field in results.get('seg_fields', []):
            results[field] = mmcv.imresize(
                results[field], size, interpolation='nearest', backend='cv2'
            )
        results['img_shape'] = results['img'].shape[:2]
        results['scale'] = size
        results['scale_factor'] = (size[0] / width, size[1] / height)
        results['keep_ratio'] = True
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(long_side={self.long_side})'
