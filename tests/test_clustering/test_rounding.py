"""The certificate of an assignment."""

import pytest
import torch

from mmseg_usrn.clustering import Settings
from mmseg_usrn.clustering.distributed import ALONE, Points
from mmseg_usrn.clustering.prices import Model, priced_costs
from mmseg_usrn.clustering.rounding import certify


def test_gap_counts_what_float32_cannot_see():
    """Two groups so far apart that float32 costs blur each of them."""
    features = 3e-4 * torch.randn(
        2000, 8, generator=torch.Generator().manual_seed(0)
    )
    features[:1000, 0] += 1
    points = Points(features, ALONE, Settings(chunk_rows=256))
    rows = points.normalise(features)
    model = Model(rows[::400], torch.zeros(5, dtype=torch.float64))
    labels = priced_costs(rows, model).argmin(1)
    apart = rows.double()[:, None] - model.centers.double()
    costs = apart.square().sum(2)
    own = costs.gather(1, labels[:, None])[:, 0]
    gap = ((own - costs.amin(1)).sum() / own.sum()).item()
    assert gap > 1e-6
    found = certify(points, model, labels)
    assert found.gap == pytest.approx(gap, rel=1e-3)
