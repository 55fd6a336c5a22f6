"""Counts of predictions against masks."""

import numpy as np
import pytest

from mmseg_usrn.apis import predict
from mmseg_usrn.apis.class_branch import build_class_branch
from mmseg_usrn.apis.report.evaluation import (
    class_ious,
    count_pairs,
    evaluate,
    validation_images,
)
from mmseg_usrn.config_file import read_config
from mmseg_usrn.engine.safe_runner import SafeRunner


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


@pytest.mark.parametrize('traced_after', [1, 3])
def test_numbers_are_those_of_a_test(trained, monkeypatch, traced_after):
    """With the compiled network as well."""
    config, checkpoint = trained
    cfg = read_config(config)
    cfg.load_from = checkpoint
    cfg.experiment_name = f'numbers_{traced_after}'
    tested = SafeRunner.from_cfg(cfg).test()
    monkeypatch.setattr(predict, 'TRACED_AFTER', traced_after)
    model = build_class_branch(config, checkpoint)
    result = evaluate(predict.Predictor(model), validation_images(cfg))
    pixels = result.confusion
    expected = dict(
        mIoU=100 * np.nanmean(result.class_ious),
        aAcc=100 * np.trace(pixels) / pixels.sum(),
    )
    for name, value in expected.items():  # a test rounds to two digits
        assert tested[name] == pytest.approx(value, abs=0.0051)
    assert 0 < tested['aAcc'] < 100
