"""mIoU is exact for images of any size."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.evaluation import IoUMetric
from PIL import Image

from mmseg_usrn.evaluation import ExactIoUMetric, use_exact_metrics


def evaluate(metric, pairs, classes=('a', 'b', 'c')):
    """Results of a metric on pairs of predictions and labels."""
    metric.dataset_meta = dict(classes=classes)
    for predicted, label in pairs:
        sample = dict(
            pred_sem_seg=dict(data=predicted[None]),
            gt_sem_seg=dict(data=label[None]),
        )
        metric.process({}, [sample])
    return metric.evaluate(len(pairs))


def test_values_by_hand():
    label = torch.tensor([[0, 0, 1, 1], [2, 2, 255, 255]])
    predicted = torch.tensor([[0, 1, 1, 1], [2, 0, 0, 2]])
    found = evaluate(ExactIoUMetric(), [(predicted, label)])
    # Intersections 1, 2, 1; unions 3, 3, 2.
    assert found['mIoU'] == pytest.approx(100 * (1 / 3 + 2 / 3 + 1 / 2) / 3, 1)
    assert found['mIoU'] == 50.0
    assert found['aAcc'] == np.round(100 * 4 / 6, 2)


def test_more_pixels_than_float32_counts():
    """Of 5000x5000 pixels every second is right; the classes are equal."""
    label = torch.zeros(5000, 5000, dtype=torch.int64)
    predicted = label.clone()
    predicted[:, ::2] = 1
    counted = ExactIoUMetric.intersect_and_union(predicted, label, 2, 255)
    half = 5000 * 2500
    for found, wanted in zip(
        counted,
        ([half, 0], [2 * half, half], [half, half], [2 * half, 0]),
        strict=True,
    ):
        assert found.dtype == torch.int64
        assert found.tolist() == wanted


def test_sums_over_images_stay_whole_numbers():
    """One pixel more than 2**24 is not lost."""
    ones = torch.ones(2, 1, dtype=torch.int64)
    many = torch.tensor([2**24, 2**24])
    total = sum([many, ones[:, 0]])
    metrics = ExactIoUMetric.total_area_to_metrics(total, many, total, total)
    assert metrics['IoU'][0] == (2**24 + 1) / 2**24


@pytest.mark.parametrize('names', ['mIoU', ['mIoU', 'mDice', 'mFscore']])
def test_equals_the_stock_metric_on_small_images(names):
    torch.manual_seed(0)
    pairs = [
        (torch.randint(0, 3, (40, 50)), torch.randint(0, 4, (40, 50)))
        for _ in range(3)
    ]
    for _, label in pairs:
        label[label == 3] = 255
    stock, exact = (
        evaluate(kind(iou_metrics=names), pairs)
        for kind in (IoUMetric, ExactIoUMetric)
    )
    assert stock.keys() == exact.keys()
    for name, value in stock.items():
        assert exact[name] == pytest.approx(value, abs=0.011)


@pytest.mark.parametrize('format_only', [False, True])
@pytest.mark.parametrize('reduced', [False, True])
def test_label_maps_are_named_like_the_images(tmp_path, format_only, reduced):
    """Below their common folder; none is lost, and no class is cut."""
    classes = [str(k) for k in range(301)]
    metric = ExactIoUMetric(output_dir=str(tmp_path), format_only=format_only)
    metric.dataset_meta = dict(classes=classes, palette=[[1, 2, 3]] * 301)
    for name, label in {'a/1.jpg': 300, 'b/1.jpg': 44}.items():
        labels = torch.full((1, 1, 4), label)
        sample = dict(
            pred_sem_seg=dict(data=labels),
            gt_sem_seg=dict(data=labels),
            img_path=f'data/images/{name}',
            reduce_zero_label=reduced,
        )
        metric.process({}, [sample])
    assert bool(metric.evaluate(2)) != format_only
    files = sorted(p for p in tmp_path.rglob('*') if p.is_file())
    assert files == [tmp_path / 'a/1.png', tmp_path / 'b/1.png']
    for file, label in zip(files, (300, 44), strict=True):
        with Image.open(file) as image:
            found = np.array(image)
        assert found.tolist() == [[label + reduced] * 4]


@pytest.mark.parametrize('reduced', [False, True])
def test_label_maps_of_few_classes_are_the_stock_ones(tmp_path, reduced):
    sample = dict(
        pred_sem_seg=dict(data=torch.randint(0, 3, (1, 5, 7))),
        img_path='x/a.b.jpg',
        reduce_zero_label=reduced,
    )
    found = []
    for kind in (IoUMetric, ExactIoUMetric):
        out = tmp_path / kind.__name__
        metric = kind(output_dir=str(out), format_only=True)
        metric.dataset_meta = dict(classes=('a', 'b', 'c'))
        metric.process({}, [deepcopy(sample)])
        metric.evaluate(1)
        with Image.open(out / 'a.b.png') as image:
            found.append((image.mode, np.array(image).tolist()))
    assert found[0] == found[1]


def test_labels_that_are_no_class_are_not_counted():
    label = torch.tensor([[0, 7, 1]])
    predicted = torch.tensor([[0, 1, 1]])
    stock = IoUMetric.intersect_and_union(predicted, label, 3, 255)
    exact = ExactIoUMetric.intersect_and_union(predicted, label, 3, 255)
    for one, other in zip(stock, exact, strict=True):
        assert one.tolist() == other.tolist()


def test_unknown_metrics_and_settings_are_refused():
    with pytest.raises(ValueError, match="'mIuO'.*mIoU, mDice, mFscore"):
        ExactIoUMetric(iou_metrics=['mIuO'])
    with pytest.raises(TypeError, match='iou_metric'):
        ExactIoUMetric(iou_metric=['mDice'])


def test_configs_with_the_stock_metric_count_exactly():
    cfg = Config(
        dict(
            val_evaluator=[
                dict(type='IoUMetric', iou_metrics=['mDice']),
                dict(type='Own'),
            ],
            test_evaluator=dict(type='IoUMetric', prefix='a'),
        )
    )
    use_exact_metrics(cfg)
    assert [e.type for e in cfg.val_evaluator] == ['ExactIoUMetric', 'Own']
    assert cfg.val_evaluator[0].iou_metrics == ['mDice']
    assert cfg.test_evaluator == dict(type='ExactIoUMetric', prefix='a')
    use_exact_metrics(Config(dict(val_evaluator=None)))
