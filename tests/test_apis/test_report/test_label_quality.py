"""Shares of right pseudo labels, by hand."""

import numpy as np
import pytest
import torch

from mmseg_usrn.apis.report.label_quality import (
    LabelHistory,
    count_right,
    quality_rows,
)
from mmseg_usrn.models.semi import LabelSteps

# Of class 0 there are four pixels, of class 1 two, of class 2 none.
TRUTH = torch.tensor([[[0, 0, 0, 0], [1, 1, 255, 255]]])
STEPS = LabelSteps(
    prediction=torch.tensor([[[0, 0, 1, 1], [1, 0, 0, 1]]]),
    labels=torch.tensor([[[0, 0, 0, 1], [0, 1, 0, 1]]]),
    kept=torch.tensor([[[1, 1, 0, 1], [1, 0, 1, 1]]]).bool(),
    parents=torch.tensor([[[0, 0, 0, -1], [0, 1, 0, 1]]]),
    gate=torch.tensor([[[0, 0, 1, 0], [1, 1, 1, 1]]]).bool(),
)


def test_counts_by_hand():
    quality = count_right(TRUTH, STEPS, 3)
    expected = dict(
        pixels=[4, 2, 0],
        kept=[3, 1, 0],
        kept_right=[2, 0, 0],
        rejected_right=[1, 1, 0],
        class_right=[2, 1, 0],
        subclass_right=[3, 1, 0],
    )
    assert {n: v.tolist() for n, v in vars(quality).items()} == expected
    both = quality + quality
    assert both.kept.tolist() == [6, 2, 0]


def test_shares_of_the_classes_and_of_all():
    quality = count_right(TRUTH, STEPS, 3)
    every, first, second, absent = quality_rows(quality)
    assert every == dict(
        pixels=100,
        kept=pytest.approx(400 / 6),
        kept_right=50,
        rejected_right=100,
        class_right=50,
        subclass_right=pytest.approx(400 / 6),
    )
    assert first['pixels'] == pytest.approx(400 / 6)
    assert first['kept_right'] == pytest.approx(200 / 3)
    assert second['kept_right'] == 0 and second['rejected_right'] == 100
    assert absent['pixels'] == 0 and absent['kept'] is None


def test_before_the_clustering_there_is_no_second_branch():
    warmup = LabelSteps(STEPS.prediction, STEPS.labels, STEPS.kept)
    early, late = (count_right(TRUTH, s, 3) for s in (warmup, STEPS))
    assert quality_rows(early)[0]['subclass_right'] is None
    shares = LabelHistory(1, [2, 4], [early, late]).shares()
    assert shares['kept'] == pytest.approx([400 / 6] * 2)
    subclass = shares['subclass branch right']
    assert np.isnan(subclass[0]) and subclass[1] == pytest.approx(400 / 6)
