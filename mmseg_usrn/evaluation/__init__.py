"""Evaluation of predictions."""

from .exact_iou_metric import REPORTED, ExactIoUMetric, use_exact_metrics

__all__ = ['REPORTED', 'ExactIoUMetric', 'use_exact_metrics']
