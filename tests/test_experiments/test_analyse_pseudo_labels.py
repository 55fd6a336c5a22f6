"""Counting of pseudo labels, by hand."""

import torch
from mmengine.runner import Runner

CLASSES = ('sky', 'pole')


def test_confusion():
    from experiments.analyse_pseudo_labels import confusion

    truth = torch.tensor([0, 0, 1, 255])
    labels = torch.tensor([0, 1, 1, 0])
    assert confusion(truth, labels, 2).tolist() == [[1, 1], [0, 1]]


def test_summary():
    from experiments.analyse_pseudo_labels import summarise

    counts = {
        'truth': torch.tensor([8, 2]),
        'off': torch.tensor([[5, 1], [1, 1]]),
        'entropy': torch.tensor([[5, 0], [0, 0]]),
    }
    summary = summarise(counts, CLASSES)
    assert summary['truth'] == [0.8, 0.2]
    assert summary['off'] == {
        'coverage': 0.8,
        'accuracy': 0.75,
        'rare_coverage': 1.0,
        'rare_accuracy': 0.5,
        'rare_precision': 0.5,
        'histogram': [0.75, 0.25],
    }
    assert summary['entropy']['rare_precision'] is None, 'none was named'


def test_plots(tmp_path):
    from experiments.plots import plot_course, plot_histograms

    labels = dict.fromkeys(
        ('coverage', 'accuracy', 'rare_coverage', 'rare_accuracy'), 0.5
    )
    summary = {
        'classes': list(CLASSES),
        'truth': [0.8, 0.2],
        'off': {**labels, 'histogram': [0.9, 0.1]},
    }
    plot_histograms(summary, tmp_path)
    plot_course({'iter_1': summary, 'iter_2': summary}, tmp_path)
    assert len(list(tmp_path.glob('*.png'))) == 2


def test_counts_of_a_model(toy_config):
    """The dropped labels are what the gate lacks."""
    from experiments.analyse_pseudo_labels import (
        count_labels,
        unlabeled_with_masks,
    )

    toy_config.train_cfg.max_iters = 3
    toy_config.model.threshold = 0.0
    model = Runner.from_cfg(toy_config).train().eval()
    pair = toy_config.train_dataloader.dataset
    pair.feature_pipeline = toy_config.val_dataloader.dataset.pipeline
    pair.unlabeled.ann_file = ''
    dataset = unlabeled_with_masks(toy_config, num_images=2)
    counts = count_labels(model, dataset, num_classes=4)
    names = {'off', 'entropy', 'dropped', 'renormalize', 'subclass'}
    assert set(counts) == {'truth', *names}
    covered = {name: int(counts[name].sum()) for name in counts}
    assert 0 < covered['off'] <= covered['truth']
    assert covered['dropped'] <= covered['off']
    assert covered['off'] - covered['dropped'] <= covered['entropy']
    # Above a threshold of 0 every pixel has a label.
    assert covered['renormalize'] == covered['subclass'] == covered['off']
