"""Rows of the table of classes."""

import numpy as np
import pytest

from mmseg_usrn.apis.report.classes import class_rows, mean_row


def test_rare_classes_gains_and_means():
    rows = class_rows(
        ['a', 'b', 'c'],
        [[0, 0, 0], [255, 0, 16], [1, 2, 3]],
        np.array([80, 15, 5]),
        np.array([0.9, 0.5, 0.2]),
        np.array([0.8, np.nan, 0.3]),
    )
    # A quarter of an equal share is 8.3 %.
    assert [row.rare for row in rows] == [False, False, True]
    assert rows[1].color == '#ff0010'
    assert rows[0].gain == pytest.approx(10)
    assert rows[1].gain is None
    assert mean_row(rows)['iou'] == pytest.approx(160 / 3)
    assert mean_row(rows)['baseline'] == pytest.approx(55)
    assert mean_row(rows, rare=True)['iou'] == pytest.approx(20)
    assert mean_row(rows[:1], rare=True) == dict(iou=None, baseline=None)
