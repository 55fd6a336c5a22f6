"""Packing of labeled samples."""

import cv2
import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.datasets.transforms import PackSegInputs
from mmseg.registry import TRANSFORMS


def band_by_band(image: np.ndarray) -> np.ndarray:
    """Lay the bands of an image one after the other in memory.

    ``PackSegInputs`` has to do this for the tensor; OpenCV is 8 times as
    quick, and leaves nothing to do.

    Args:
        image: Shape (H, W, C), or (H, W) for one band.

    Returns:
        The same values, of shape (H, W, C); a view of an array of shape
        (C, H, W).
    """
    image = np.atleast_3d(image)
    bands = np.empty((image.shape[2], *image.shape[:2]), image.dtype)
    cv2.split(image, list(bands))
    return bands.transpose(1, 2, 0)


@TRANSFORMS.register_module()
class PackLabeledInputs(PackSegInputs):
    """MMSeg's ``PackSegInputs`` that keeps the cell map.

    Adds ``data_samples.gt_cell_map``, a :class:`PixelData` whose ``data``
    has shape (1, H, W) and dtype int64, and the meta entry
    ``labeled_index``, the image's index in the labeled dataset.
    """

    def transform(self, results: dict) -> dict:
        """Pack image, labels and cell map.

        Raises:
            ValueError: If the pipeline has no ``AddCellMap``, or some
                transform changed the size of the labels alone.
        """
        if 'gt_cell_map' not in results:
            raise ValueError(
                'PackLabeledInputs found no gt_cell_map: add '
                "dict(type='AddCellMap') after LoadAnnotations"
            )
        labels, cells = results['gt_seg_map'], results['gt_cell_map']
        if labels.shape != cells.shape:
            raise ValueError(
                f'PackLabeledInputs got labels of {labels.shape} and cells '
                f'of {cells.shape}: a transform of the labeled pipeline has '
                'left the cell map out, as mmcv.Pad does; let the size of the '
                'data preprocessor pad'
            )
        results['img'] = band_by_band(results['img'])
        packed = super().transform(results)
        sample = packed['data_samples']
        sample.gt_cell_map = PixelData(
            data=torch.from_numpy(cells.astype(np.int64)[None])
        )
        # The index that was loaded: BaseDataset takes another image where
        # a transform gives one up.
        sample.set_metainfo(dict(labeled_index=results['sample_idx']))
        return packed
