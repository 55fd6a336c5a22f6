"""The adjustment of logits, against its formula and what it shall bring."""

import os
from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmseg_usrn.models.semi import LogitAdjustment, build_adjustment
from tests.ranks import run_ranks


@pytest.fixture
def classifier() -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(5, 3, 1)


def labels_of(*counts: int, ignored: int = 4) -> torch.Tensor:
    """One image (1, 1, M) with so many pixels of each class."""
    parts = [torch.full((n,), k) for k, n in enumerate(counts)]
    return torch.cat([*parts, torch.full((ignored,), 255)]).reshape(1, 1, -1)


def test_loss_sees_the_shares(classifier):
    feats = torch.randn(2, 5, 4, 4)
    plain = classifier(feats)
    adjustment = LogitAdjustment(classifier, 0.5)
    adjustment.count(labels_of(80, 15, 0))
    adjustment.count(labels_of(0, 0, 5))
    offsets = 0.5 * torch.tensor([0.8, 0.15, 0.05]).log()
    wished = plain + offsets.reshape(1, 3, 1, 1)
    torch.testing.assert_close(classifier(feats), wished)


def test_predictions_are_not_adjusted(classifier):
    feats = torch.randn(2, 5, 4, 4)
    plain = classifier(feats)
    adjustment = LogitAdjustment(classifier, 0.5)
    adjustment.count(labels_of(80, 15, 5))
    with torch.no_grad():
        torch.testing.assert_close(classifier(feats), plain)
    torch.testing.assert_close(classifier.eval()(feats), plain)


@pytest.mark.parametrize('strength', [0.25, 1.0])
@pytest.mark.parametrize('kept', [None, (90, 9, 3), (50, 30, 20)])
def test_what_is_learned_is_less_frequent(strength, kept):
    """Without a cue the prediction is the class shares to 1 - strength.

    It is so, too, where all that is learned from is pseudo labels of which
    some classes are kept more often than others.
    """
    classifier = nn.Conv2d(1, 3, 1)
    adjustment = LogitAdjustment(classifier, strength)
    labels = labels_of(80, 15, 5, ignored=0)
    adjustment.count(labels)
    shift = torch.zeros(3)
    if kept:
        labels = labels_of(*kept, ignored=0)
        adjustment.count_kept(labels, torch.ones_like(labels, dtype=bool))
        shift = adjustment.shift().float()
    feats = torch.zeros(1, 1, *labels.shape[1:])
    optimizer = torch.optim.LBFGS(classifier.parameters(), max_iter=100)

    def closure():
        optimizer.zero_grad()
        logits = classifier(feats) + shift[:, None, None]
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        return loss

    for _ in range(5):
        optimizer.step(closure)
    learned = classifier.eval()(feats)[0, :, 0, 0].softmax(0)
    wished = torch.tensor([0.8, 0.15, 0.05]) ** (1 - strength)
    torch.testing.assert_close(
        learned, wished / wished.sum(), atol=1e-4, rtol=1e-3
    )


def test_only_kept_labels_count(classifier):
    adjustment = LogitAdjustment(classifier, 0.5)
    labels = labels_of(4, 3, 2, ignored=0)
    adjustment.count_kept(labels, labels != 1)
    assert adjustment.kept.tolist() == [4, 0, 2]
    adjustment.count_kept(labels, labels == 1)
    assert adjustment.kept.tolist() == pytest.approx([3.96, 3, 1.98])


def test_shift_has_a_bound(classifier):
    adjustment = LogitAdjustment(classifier, 0.5)
    adjustment.count(labels_of(900, 100, 0))
    everywhere = torch.ones(1, 1, 10, dtype=bool)
    assert len(adjustment.shift().unique()) == 2  # the same for both classes
    adjustment.count_kept(labels_of(0, 10, 0, ignored=0), everywhere)
    assert adjustment.shift().tolist() == [-2, 2, 0]
    adjustment.count_kept(labels_of(0, 0, 10, ignored=0), everywhere)
    assert adjustment.shift()[2] == 0


def test_classes_without_a_label_are_not_favoured(classifier):
    adjustment = LogitAdjustment(classifier, 1.0)
    assert adjustment.offsets().tolist() == [0, 0, 0]
    adjustment.count(labels_of(0, 0, 0))
    assert adjustment.offsets().tolist() == [0, 0, 0]
    adjustment.count(labels_of(10, 10, 0))
    assert adjustment.offsets().exp().tolist() == pytest.approx([0.5, 0.5, 1])


def test_a_single_pixel_tells_little(classifier):
    adjustment = LogitAdjustment(classifier, 1.0)
    adjustment.count(labels_of(10**6, 1, 0))
    assert adjustment.offsets()[1].exp().item() == pytest.approx(1e-4)


def test_counts_are_saved(classifier):
    adjustment = LogitAdjustment(classifier, 0.5)
    adjustment.count(labels_of(80, 15, 5))
    labels = labels_of(4, 3, 2, ignored=0)
    adjustment.count_kept(labels, labels > 0)
    other = LogitAdjustment(deepcopy(classifier), 0.5)
    other.load_state_dict(adjustment.state_dict())
    for _ in range(2):
        assert other.pixels.tolist() == [80, 15, 5]
        assert other.kept.tolist() == [0, 3, 2]
        other.load_state_dict({})  # of a checkpoint without counts


def test_strength_0_is_the_plain_classifier(classifier):
    feats = torch.randn(1, 5, 2, 2)
    plain = classifier(feats)
    assert build_adjustment(nn.ModuleDict({'conv_seg': classifier}), 0) is None
    assert torch.equal(classifier(feats), plain)


@pytest.mark.parametrize('head', [nn.Identity(), nn.Conv2d(5, 1, 1)])
def test_heads_without_an_output_per_class(head):
    with pytest.raises(ValueError, match='set it to 0'):
        LogitAdjustment(head, 0.5)


def count_own_label() -> None:
    rank = int(os.environ['RANK'])
    adjustment = LogitAdjustment(nn.Conv2d(1, 2, 1), 0.5)
    labels = torch.full((1, 2, 2), rank)
    adjustment.count(labels)
    adjustment.count_kept(labels, labels == 1)
    assert adjustment.pixels.tolist() == [4, 4]
    assert adjustment.kept.tolist() == [0, 4]


def test_ranks_count_together():
    run_ranks(count_own_label)
