"""IoU of every class, by hand."""

import torch
from mmengine.logging import MMLogger

from experiments.class_iou_metric import ClassIoUMetric


def test_iou_of_every_class():
    MMLogger.get_instance('test_class_iou_metric')
    metric = ClassIoUMetric()
    metric.dataset_meta = dict(classes=('sky', 'road'))
    for predicted in ([[0, 0], [1, 1]], [[0, 1], [1, 255]]):
        metric.process(
            {},
            [
                dict(
                    pred_sem_seg=dict(data=torch.tensor(predicted)),
                    gt_sem_seg=dict(data=torch.tensor([[0, 0], [1, 255]])),
                )
            ],
        )
    found = metric.compute_metrics(metric.results)
    # Sky: 3 of 4 pixels; road: 2 right, 1 too many.
    assert found['IoU.sky'] == 75.0
    assert found['IoU.road'] == 66.67
    assert found['mIoU'] == 70.83


def test_format_only(tmp_path):
    MMLogger.get_instance('test_class_iou_metric')
    metric = ClassIoUMetric(format_only=True, output_dir=str(tmp_path))
    assert metric.compute_metrics([]) == {}
