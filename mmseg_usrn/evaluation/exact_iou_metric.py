"""Intersection over union, counted in whole numbers.

Letters: ``K`` classes, ``H, W`` pixels.
"""

from collections.abc import Sequence

import torch
from mmengine.config import Config
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS
from torch import Tensor

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
        output_dir: Folder for the predicted label maps.
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
