"""Address of every labeled pixel, carried through the augmentation."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS


def grid_size(height: int, width: int, stride: int) -> tuple[int, int]:
    """Rows and columns of the cells that divide an image.

    Args:
        height: Image height in pixels.
        width: Image width in pixels.
        stride: Pixels per cell side.

    Returns:
        ``(rows, columns)``, both rounded up.
    """
    return -(-height // stride), -(-width // stride)


@TRANSFORMS.register_module()
class AddCellMap(BaseTransform):
    """Write the index of its cell beside every pixel's label.

    The un-augmented image is divided into a grid of cells, one per feature
    that is clustered. The index travels through resize, crop and flip like a
    label map, so that the model can look up each pixel's subclass in its
    table, however the table changes while data workers are running.

    Required keys: ``gt_seg_map``, ``seg_fields``. Added key: ``gt_cell_map``
    of shape (H, W). It is float32 because OpenCV rotates no integer type
    that is wide enough; the values are whole numbers below 2**24.

    Args:
        stride: Pixels per cell side. Defaults to 8, the stride of the
            features that the paper clusters.
    """

    def __init__(self, stride: int = 8) -> None:
        if stride < 1:
            raise ValueError(f'AddCellMap: stride must be >= 1, got {stride}')
        self.stride = stride

    def transform(self, results: dict) -> dict:
        """Add the cell map.

        Raises:
            ValueError: If the labels are not loaded or already resized.
        """
        if 'gt_seg_map' not in results:
            raise ValueError(
                'AddCellMap found no labels: put it after LoadAnnotations'
            )
        height, width = results['gt_seg_map'].shape[:2]
        if tuple(results['ori_shape'][:2]) != (height, width):
            raise ValueError(
                f'AddCellMap got labels of {height}x{width} for an image of '
                f'{results["ori_shape"][0]}x{results["ori_shape"][1]}: put '
                'it right after LoadAnnotations, before any resize or crop '
                f'({results.get("img_path")})'
            )
        rows, columns = grid_size(height, width, self.stride)
        row_of = np.arange(height) * rows // height
        column_of = np.arange(width) * columns // width
        cells = row_of[:, None] * columns + column_of[None, :]
        results['gt_cell_map'] = cells.astype(np.float32)
        results['seg_fields'].append('gt_cell_map')
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(stride={self.stride})'
