# ruff: noqa: D205, D406, D407, D410, D411, D416, D417
"""Balanced k-means with the interface of scikit-learn.

Docstrings follow numpydoc, as scikit-learn's checks ask. This is the only
module of the package that needs scikit-learn.
"""

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from .balanced_kmeans import balanced_kmeans


class BalancedKMeans(
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClusterMixin,
    BaseEstimator,
):
    """Balanced K-Means clustering: cluster sizes differ by at most one.

    Parameters
    ----------
    n_clusters : int, default=8
        The number of clusters to form.

    init : 'k-means++' or array-like of shape (n_clusters, n_features), \
            default='k-means++'
        Centers to start from. 'k-means++' seeds and anneals on a sample of
        the points.

    max_iter : int, default=10
        Maximum number of iterations over all points.

    tol : float, default=5e-4
        Relative change of the inertia below which iterations stop.

    random_state : int, RandomState instance or None, default=None
        Determines the random draws. Use an int for reproducible results.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        Coordinates of the cluster centers.

    prices_ : ndarray of shape (n_clusters,)
        Added to the squared distance to the centers in `predict`.

    labels_ : ndarray of shape (n_samples,)
        Labels of each point.

    inertia_ : float
        Sum of squared distances of samples to their cluster center.

    gap_ : float
        The inertia exceeds that of the best balanced assignment to the same
        centers by at most this share.

    n_iter_ : int
        Number of iterations run.

    n_features_in_ : int
        Number of features seen during `fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from mmseg_usrn.clustering.estimator import BalancedKMeans
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [1, 1]])
    >>> BalancedKMeans(n_clusters=2, random_state=0).fit_predict(X).tolist()
    [1, 0, 1, 0, 0, 1]
    """

    _parameter_constraints: dict = {
        'n_clusters': [Interval(Integral, 1, None, closed='left')],
        'init': [StrOptions({'k-means++'}), 'array-like'],
        'max_iter': [Interval(Integral, 1, None, closed='left')],
        'tol': [Interval(Real, 0, None, closed='left')],
        'random_state': ['random_state'],
    }

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init='k-means++',
        max_iter: int = 10,
        tol: float = 5e-4,
        random_state=None,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X, y=None):
        """Compute balanced clusters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training instances.

        y : Ignored
            Not used, present here for API consistency by convention.

        Returns
        -------
        self : object
            Fitted estimator.
        """
        self._validate_params()
        X = validate_data(self, X, dtype=[np.float64, np.float32, np.float16])
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        # The centers come in float32, which holds no common offset.
        offset = X.mean(axis=0) if X.dtype == np.float64 else X.dtype.type(0)
        init = None
        if not isinstance(self.init, str):
            init = torch.tensor(np.asarray(self.init, dtype=X.dtype) - offset)
        result = balanced_kmeans(
            torch.tensor(X - offset),
            self.n_clusters,
            init=init,
            max_iter=self.max_iter,
            tol=self.tol,
            seed=int(seed),
        )
        self.cluster_centers_ = result.centers.numpy().astype(X.dtype) + offset
        self.prices_ = result.prices.numpy()
        self.labels_ = result.labels.numpy()
        self.inertia_ = result.inertia
        self.gap_ = result.gap
        self.n_iter_ = max(1, result.n_iter)
        self._n_features_out = self.n_clusters
        return self

    def predict(self, X):
        """Assign each sample to the cluster with the lowest priced distance.

        New samples get no quota: sizes are those of `fit` only if the
        samples are distributed like those of `fit`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            New data.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Index of the cluster each sample belongs to.
        """
        _, distances = self._distances(X)
        return (distances**2 + self.prices_).argmin(axis=1)

    def transform(self, X):
        """Distances to the cluster centers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            New data.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_clusters)
            X in the new space.
        """
        X, distances = self._distances(X)
        return distances.astype(X.dtype)

    def _distances(self, X):
        """Checked X and its float64 distances to the centers."""
        check_is_fitted(self)
        X = validate_data(
            self, X, reset=False, dtype=[np.float64, np.float32, np.float16]
        )
        centers = torch.tensor(self.cluster_centers_).double()
        distances = torch.cdist(
            torch.tensor(X).double(),
            centers,
            compute_mode='donot_use_mm_for_euclid_dist',
        )
        return X, distances.numpy()
