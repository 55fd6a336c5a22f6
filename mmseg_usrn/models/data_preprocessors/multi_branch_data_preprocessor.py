"""Preprocessing of batches with several branches."""

import torch
import torch.nn.functional as F
from mmengine.model import BaseDataPreprocessor
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class MultiBranchDataPreprocessor(BaseDataPreprocessor):
    """Apply a stock preprocessor to every branch of a batch.

    Batches without branches (validation, test, inference) go to the stock
    preprocessor as they are.

    Args:
        data_preprocessor: Config of the preprocessor of one branch, usually
            MMSeg's ``SegDataPreProcessor``.

    Attributes:
        channels_last: Whether training images are laid out channels last on
            a CPU, where normalisation and depthwise convolutions are faster
            that way; set by a model that can take them.
    """

    def __init__(self, data_preprocessor: dict) -> None:
        super().__init__()
        self.data_preprocessor = MODELS.build(data_preprocessor)
        self.channels_last = False

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalise, pad and stack.

        Args:
            data: ``inputs`` and ``data_samples``; in training both are dicts
                by branch of lists of images, or of such lists.
            training: Whether the batch is one of training.

        Returns:
            ``inputs`` (N, 3, H, W) and ``data_samples`` (list of N) of every
            branch, or of the batch if it has no branches.
        """
        if not isinstance(data['inputs'], dict):
            return self.data_preprocessor(data, training)
        inputs, data_samples = {}, {}
        for branch in data['inputs']:
            processed = self.data_preprocessor(
                {key: _flatten(data[key][branch]) for key in data}, training
            )
            inputs[branch] = self._lay_out(processed['inputs'])
            data_samples[branch] = processed['data_samples']
            _pad_cell_maps(data_samples[branch])
        return dict(inputs=inputs, data_samples=data_samples)

    def _lay_out(self, images: Tensor) -> Tensor:
        """The maps of a network follow the memory format of its images."""
        if self.channels_last and images.device.type == 'cpu':
            return images.contiguous(memory_format=torch.channels_last)
        return images


def _flatten(samples: list) -> list:
    """Join the lists that several unlabeled images per item leave."""
    if isinstance(samples[0], list | tuple):
        return [sample for part in samples for sample in part]
    return samples


def _pad_cell_maps(data_samples: list) -> None:
    """Pad the cell maps to the padded labels; the padding is never read."""
    for sample in data_samples:
        if 'gt_cell_map' in sample:
            cells = sample.gt_cell_map.data
            height, width = sample.gt_sem_seg.data.shape[-2:]
            padding = (0, width - cells.shape[-1], 0, height - cells.shape[-2])
            sample.gt_cell_map = PixelData(data=F.pad(cells, padding))
