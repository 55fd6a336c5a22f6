"""Intersection over union, counted in whole numbers.

Letters: ``K`` classes, ``H, W`` pixels.
"""

import os.path as osp
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import mmcv
import numpy as np
import torch
from mmengine.config import Config
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS
from torch import Tensor

INCOMPLETE = '.incomplete'
"""Folder of label maps while not all images are known."""

REPORTED = {
    'mIoU': ('aAcc', 'mIoU', 'mAcc'),
    'mDice': ('aAcc', 'mDice', 'mAcc'),
    'mFscore': ('aAcc', 'mFscore', 'mPrecision', 'mRecall'),
}
"""What is reported for each entry of ``iou_metrics``."""

STOCK = ('IoUMetric', 'mmseg.IoUMetric', IoUMetric)
"""What configs call MMSegmentation's metric."""


@METRICS.register_module()
class ExactIoUMetric(IoUMetric):
    """MMSegmentation's ``IoUMetric`` for images and data sets of any size.

    The stock metric counts in float32, which holds whole numbers up to 2**24:
    on an image of 25 million pixels its mIoU depends on the number of
    threads. Settings, names and the table are those of the stock metric, but
    a setting that it does not know is an error.

    Args:
        ignore_index: Label that is left out.
        iou_metrics: Some of ``'mIoU'``, ``'mDice'`` and ``'mFscore'``.
        nan_to_num: Value for classes that do not occur.
        beta: Weight of the recall in the F-score.
        collect_device: ``'cpu'`` or ``'gpu'``.
        output_dir: Folder for the predicted label maps, grey PNG, of 16 bits
            for classes above 255. They are named like the images below the
            folder that all images have in common.
        format_only: Whether to write predictions and compare nothing.
        prefix: Prefix of the names of the results.

    Raises:
        ValueError: If a metric is unknown.
    """

    def __init__(
        self,
        ignore_index: int = 255,
        iou_metrics: str | Sequence[str] = ('mIoU',),
        nan_to_num: float | None = None,
        beta: float = 1,
        collect_device: str = 'cpu',
        output_dir: str | None = None,
        format_only: bool = False,
        prefix: str | None = None,
    ) -> None:
        names = [iou_metrics] if isinstance(iou_metrics, str) else iou_metrics
        for name in names or ['']:
            if name not in REPORTED:
                raise ValueError(
                    f'iou_metrics knows no {name!r}: use some of '
                    f'{", ".join(REPORTED)}'
                )
        super().__init__(
            ignore_index=ignore_index,
            iou_metrics=list(names),
            nan_to_num=nan_to_num,
            beta=beta,
            collect_device=collect_device,
            output_dir=output_dir,
            format_only=format_only,
            prefix=prefix,
        )

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count a batch, and write its label maps.

        Args:
            data_batch: Not used.
            data_samples: Predictions, with ``pred_sem_seg`` and
                ``gt_sem_seg`` of (1, H, W).
        """
        num_classes = len(self.dataset_meta['classes'])
        for sample in data_samples:
            labels = sample['pred_sem_seg']['data'].squeeze(0)
            areas = path = None
            if not self.format_only:
                true = sample['gt_sem_seg']['data'].squeeze(0).to(labels)
                areas = self.intersect_and_union(
                    labels, true, num_classes, self.ignore_index
                )
            if self.output_dir is not None:
                path = osp.abspath(sample['img_path'])
                self._write(labels.cpu().numpy(), sample, path)
            self.results.append((areas, path))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """The stock metric's results; gives the label maps their names.

        Args:
            results: Counts and path of every image, of all processes.
        """
        if self.output_dir is not None:
            self._name_label_maps({path for _, path in results})
        return super().compute_metrics([areas for areas, _ in results])

    def _write(self, labels: np.ndarray, sample: dict, path: str) -> None:
        # As in the files of the masks, where 0 is no class then.
        first = int(sample.get('reduce_zero_label', False))
        last = first + len(self.dataset_meta['classes']) - 1
        labels = (labels + first).astype('uint8' if last < 256 else 'uint16')
        mmcv.imwrite(labels, str(self._incomplete(path)))

    def _incomplete(self, path: str) -> Path:
        """A name that no other image has, whatever images are to come."""
        below = Path(path).relative_to(Path(path).anchor)
        return Path(self.output_dir, INCOMPLETE, below).with_suffix('.png')

    def _name_label_maps(self, paths: Iterable[str]) -> None:
        common = osp.commonpath([osp.dirname(path) for path in paths])
        for path in paths:
            name = Path(path).relative_to(common).with_suffix('.png')
            file = Path(self.output_dir, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            self._incomplete(path).replace(file)
        shutil.rmtree(Path(self.output_dir, INCOMPLETE))

    @staticmethod
    def intersect_and_union(
        pred_label: Tensor, label: Tensor, num_classes: int, ignore_index: int
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Count the pixels of every class in one image.

        Args:
            pred_label: (H, W) int64 predicted labels.
            label: (H, W) true labels.
            num_classes: K.
            ignore_index: Label that is left out.

        Returns:
            (K,) int64 intersection, union, predicted and true pixels.
        """
        kept = label != ignore_index
        pred_label, label = pred_label[kept], label[kept]
        intersect = count(pred_label[pred_label == label], num_classes)
        predicted = count(pred_label, num_classes)
        true = count(label, num_classes)
        return intersect, predicted + true - intersect, predicted, true

    @staticmethod
    def total_area_to_metrics(
        total_area_intersect: Tensor,
        total_area_union: Tensor,
        total_area_pred_label: Tensor,
        total_area_label: Tensor,
        *args,
        **kwargs,
    ) -> dict:
        """The stock metric's ratios, in float64.

        Args:
            total_area_intersect: (K,) int64 pixels over all images.
            total_area_union: The same.
            total_area_pred_label: The same.
            total_area_label: The same.
            *args: As in the stock metric.
            **kwargs: As in the stock metric.
        """
        return IoUMetric.total_area_to_metrics(
            total_area_intersect.double(),
            total_area_union.double(),
            total_area_pred_label.double(),
            total_area_label.double(),
            *args,
            **kwargs,
        )


def count(labels: Tensor, num_classes: int) -> Tensor:
    """Count labels, without those that are no class.

    Args:
        labels: Labels of any shape, integers.
        num_classes: K.

    Returns:
        (K,) int64 on the CPU.
    """
    labels = labels.long()
    valid = labels[(labels >= 0) & (labels < num_classes)]
    return torch.bincount(valid, minlength=num_classes).cpu()


def use_exact_metrics(cfg: Config) -> None:
    """Let a config count exactly where it names the stock metric, in place.

    Settings and results have the same names, so that configs of
    MMSegmentation need no change.

    Args:
        cfg: The merged config of a run.
    """
    for name in ('val_evaluator', 'test_evaluator'):
        evaluators = cfg.get(name)
        if not isinstance(evaluators, list | tuple):
            evaluators = [evaluators]
        for evaluator in evaluators:
            if evaluator and evaluator.get('type') in STOCK:
                evaluator['type'] = 'ExactIoUMetric'
