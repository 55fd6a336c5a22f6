"""The estimator obeys scikit-learn's rules."""

import subprocess
import sys

import numpy as np
import pytest

sklearn = pytest.importorskip('sklearn')

from sklearn.utils.estimator_checks import (  # noqa: E402
    parametrize_with_checks,
)

from mmseg_usrn.clustering.estimator import BalancedKMeans  # noqa: E402


@parametrize_with_checks(
    [BalancedKMeans(n_clusters=3)],
)
def test_check_estimator(estimator, check):
    check(estimator)


def test_fit_predict():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(90, 3))
    model = BalancedKMeans(n_clusters=4, random_state=0)
    labels = model.fit_predict(data)
    assert np.ptp(np.bincount(labels)) <= 1
    assert model.gap_ <= 1e-6
    assert (model.predict(data) == labels).mean() > 0.9
    again = BalancedKMeans(n_clusters=4, random_state=0).fit(data)
    assert np.array_equal(again.labels_, labels)


@pytest.mark.parametrize(
    ('dtype', 'offset', 'scale'),
    [('float64', 1e8, 1), ('float16', 0, 1000), ('float32', 10, 1)],
)
def test_predict_agrees_with_fit(dtype, offset, scale):
    rng = np.random.default_rng(0)
    data = (offset + scale * rng.normal(size=(200, 3))).astype(dtype)
    model = BalancedKMeans(n_clusters=4, random_state=0).fit(data)
    assert (model.predict(data) == model.labels_).mean() > 0.95


@pytest.mark.slow
def test_package_needs_no_sklearn():
    code = (
        'import sys; sys.modules["sklearn"] = None\n'
        'import mmseg_usrn.clustering.balanced_kmeans'
    )
    subprocess.run([sys.executable, '-c', code], check=True)
