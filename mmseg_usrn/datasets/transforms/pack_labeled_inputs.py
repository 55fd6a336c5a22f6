"""Packing of labeled samples."""

import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.datasets.transforms import PackSegInputs
from mmseg.registry import TRANSFORMS


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
                'left the cell map out, as mmcv.Pad does; use PadToSize, or '
                "let the data preprocessor's size pad"
            )
        packed = super().transform(results)
        sample = packed['data_samples']
        sample.gt_cell_map = PixelData(
            data=torch.from_numpy(cells.astype(np.int64)[None])
        )
        # The index that was loaded: BaseDataset takes another image where
        # a transform gives one up.
        sample.set_metainfo(dict(labeled_index=results['sample_idx']))
        return packed
