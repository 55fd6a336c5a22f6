"""Padding of test images by reflection."""

import mmcv
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ReflectPad(BaseTransform):
    """Pad a test image by reflection to a multiple of a number of pixels.

    The original evaluates whole images padded in this way after
    normalisation; reflecting before it gives the same values. MMSeg's
    preprocessor can only pad with a constant. The predictions are cropped
    back, provided that ``PackSegInputs`` packs ``padding_size``::

        dict(type='PackSegInputs', meta_keys=('img_path', 'seg_map_path',
             'ori_shape', 'img_shape', 'pad_shape', 'padding_size'))

    Put it after ``LoadImageFromFile``; labels that are loaded later keep
    their size.

    Required and modified key: ``img``. Added keys, as MMSeg's own padding
    sets them: ``pad_shape``, and ``padding_size`` as (left, right, top,
    bottom); ``img_shape`` stays that of the image.

    Args:
        divisor: Height and width become multiples of it. Defaults to 8.
    """

    def __init__(self, divisor: int = 8) -> None:
        if divisor < 1:
            raise ValueError(f'ReflectPad: divisor must be >= 1: {divisor}')
        self.divisor = divisor

    def transform(self, results: dict) -> dict:
        """Pad on the right and at the bottom.

        Raises:
            ValueError: If labels are loaded already.
        """
        if results.get('seg_fields'):
            raise ValueError(
                'ReflectPad pads no labels: put it before LoadAnnotations'
            )
        height, width = results['img'].shape[:2]
        bottom, right = -height % self.divisor, -width % self.divisor
        results['img'] = mmcv.impad(
            results['img'],
            padding=(0, 0, right, bottom),
            padding_mode='reflect',
        )
        results['pad_shape'] = results['img'].shape[:2]
        results['padding_size'] = [0, right, 0, bottom]
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(divisor={self.divisor})'
