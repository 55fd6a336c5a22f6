"""Padding on the right and at the bottom, in training and at test time."""

import mmcv
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PadToSize(BaseTransform):
    """Pad the image and every map that goes with it to a least size.

    ``mmcv.Pad`` pads one label map only, and padding in the data preprocessor
    comes after the flip: a flipped crop then has its padding on the other
    side than in the original code, which pads before crop and flip.

    Required keys: ``img``, ``seg_fields`` (optional) and the maps it lists.
    Modified keys: those, ``img_shape``. Labels are padded with 255, other
    maps (the cell map) with 0: they are not read where the label is ignored.

    Args:
        size: Least height and width in pixels.
        color: RGB colour of the padding, 0 to 255. Defaults to the mean
            colour of ImageNet, rounded.
        ignore_index: Label of the padding. Defaults to 255.
    """

    def __init__(
        self,
        size: tuple[int, int],
        color: tuple[int, int, int] = (124, 116, 104),
        ignore_index: int = 255,
    ) -> None:
        self.size = tuple(size)
        self.color = tuple(color)
        self.ignore_index = ignore_index

    def transform(self, results: dict) -> dict:
        """Pad; images that are large enough stay as they are."""
        results['img'] = mmcv.impad(
            results['img'], shape=self.size, pad_val=self.color[::-1]
        )
        for field in results.get('seg_fields', []):
            value = self.ignore_index if field == 'gt_seg_map' else 0
            results[field] = mmcv.impad(
                results[field], shape=self.size, pad_val=value
            )
        results['img_shape'] = results['img'].shape[:2]
        return results

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(size={self.size}, '
            f'color={self.color}, ignore_index={self.ignore_index})'
        )


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
