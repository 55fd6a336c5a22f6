"""Loading what the stock transforms load wrongly.

MMCV's ``LoadImageFromFile`` gives 8-bit BGR for colour, grayscale, palette,
16-bit and transparent images and turns them as EXIF says; nothing here is
needed for those.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine import fileio
from mmseg.registry import TRANSFORMS

from ..bands import read_bands, to_uint8
from ..mask_formats import MaskLoader


@TRANSFORMS.register_module()
class LoadDeepImage(LoadImageFromFile):
    """Load 16-bit and floating-point images.

    Cameras and microscopes of 10, 12 or 14 bits store their values in 16-bit
    files. The stock loader keeps the upper 8 bits, which leaves such images
    nearly black; it does not load floating-point images. Images of 8 bits are
    loaded as usual.

    Args:
        max_value: Value of the file that becomes 255, like all larger ones:
            4095 for 12 bits, 1.0 for floating-point values from 0 to 1.
        min_value: Value that becomes 0, like all smaller ones. Defaults to 0.
        **kwargs: As for MMCV's ``LoadImageFromFile``.

    Raises:
        ValueError: If ``max_value`` is not above ``min_value``.
    """

    def __init__(
        self, max_value: float, min_value: float = 0, **kwargs
    ) -> None:
        _check_range('LoadDeepImage', min_value, max_value)
        kwargs.setdefault('color_type', cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
        super().__init__(**kwargs)
        self.max_value, self.min_value = max_value, min_value

    def transform(self, results: dict) -> dict:
        """Load an image as uint8 BGR of shape (H, W, 3)."""
        results = super().transform(results)
        if results['img'].dtype != np.uint8:
            results['img'] = to_uint8(
                results['img'], self.min_value, self.max_value
            )
        return results


def _check_range(name: str, low: float, high: float) -> None:
    if not high > low:
        raise ValueError(
            f'{name}: max_value must be above {low}, got {high}; for 12-bit '
            'images it is 4095, for values from 0 to 1 it is 1.0'
        )


@TRANSFORMS.register_module()
class LoadBands(LoadImageFromFile):
    """Load images of any number of bands, or some of the bands.

    Three bands become blue, green, red, as MMSeg has them, so that the
    listed order is red, green, blue to a pretrained model. With another
    number, set ``in_channels`` of the backbone, and in the data preprocessor
    one ``mean`` and one ``std`` for all, and ``bgr_to_rgb=False``.

    Args:
        bands: Which bands of the file, counted from 0, in which order.
            Defaults to all.
        max_value: As for :class:`LoadDeepImage`; needed unless the images
            have 8 bits.
        min_value: Likewise.
        **kwargs: As for MMCV's ``LoadImageFromFile``.
    """

    def __init__(
        self,
        bands: Sequence[int] | None = None,
        max_value: float | None = None,
        min_value: float = 0,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        if max_value is not None:
            _check_range('LoadBands', min_value, max_value)
        self.bands = None if bands is None else list(bands)
        self.max_value, self.min_value = max_value, min_value

    def transform(self, results: dict) -> dict:
        """Load an image as uint8 of shape (H, W, C).

        Raises:
            ValueError: If the image lacks a band, or has values of more than
                8 bits and nothing says how large they are.
        """
        path = results['img_path']
        image = self._select(self._read(path), path)
        if image.dtype != np.uint8:
            if self.max_value is None:
                raise ValueError(
                    f'{path}: the values have the type {image.dtype}; set '
                    'max_value of LoadBands, the value that becomes 255'
                )
            image = to_uint8(image, self.min_value, self.max_value)
        if image.shape[2] == 3:
            image = image[..., ::-1]
        results['img'] = np.ascontiguousarray(image)
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def _read(self, path: str) -> np.ndarray:
        try:
            return read_bands(fileio.get(path, self.backend_args))
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from None

    def _select(self, image: np.ndarray, path: str) -> np.ndarray:
        if self.bands is None:
            return image
        if max(self.bands) >= image.shape[2] or min(self.bands) < 0:
            raise ValueError(
                f'{path} has {image.shape[2]} bands, 0 to '
                f'{image.shape[2] - 1}; bands={self.bands} asks for others'
            )
        return image[..., self.bands]

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(bands={self.bands}, '
            f'max_value={self.max_value}, min_value={self.min_value})'
        )


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
