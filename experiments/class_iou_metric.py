"""MMSeg's IoU metric with the classes in the JSON logs."""

from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS


@METRICS.register_module()
class ClassIoUMetric(IoUMetric):
    """``IoUMetric`` that also returns ``IoU.<class>`` of every class.

    The stock metric prints the classes as a table and returns their mean
    only, so that scripts would have to read the printed text.

    Args:
        *args: As in ``IoUMetric``.
        **kwargs: As in ``IoUMetric``.
    """

    def compute_metrics(self, results: list) -> dict[str, float]:
        """The stock metrics and the IoU of every class, in percent.

        Args:
            results: Of every image the areas of intersection, union,
                prediction and label, each (K,).
        """
        metrics = super().compute_metrics(results)
        if self.format_only:
            return metrics
        intersect, union = (sum(r[part] for r in results) for part in (0, 1))
        iou = (100 * intersect / union).tolist()
        for name, value in zip(self.dataset_meta['classes'], iou, strict=True):
            metrics[f'IoU.{name}'] = round(value, 2)
        return metrics
