"""Counts of predictions against masks."""

import numpy as np

from mmseg_usrn.apis.report.evaluation import class_ious, count_pairs


def test_pairs_and_iou_by_hand():
    truth = np.array([[0, 0, 1], [1, 255, 255]], np.uint8)
    prediction = np.array([[0, 1, 1], [1, 0, 2]])
    counts = count_pairs(truth, prediction, 4)
    expected = np.zeros((4, 4), int)
    expected[0, 0], expected[0, 1], expected[1, 1] = 1, 1, 2
    assert (counts == expected).all()
    ious = class_ious(counts)
    np.testing.assert_allclose(ious[:2], [1 / 2, 2 / 3])
    assert np.isnan(ious[2:]).all()  # predicted on ignored pixels alone
