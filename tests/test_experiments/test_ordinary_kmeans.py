"""Ordinary k-means takes the place of balanced k-means."""

import importlib
import subprocess
import sys

import pytest
import torch

from mmseg_usrn.engine import reclustering


def test_takes_the_place_and_does_not_balance(monkeypatch):
    balanced = reclustering.cluster_classes
    monkeypatch.setattr(reclustering, 'cluster_classes', balanced)
    monkeypatch.delitem(sys.modules, 'ordinary_kmeans', raising=False)
    importlib.import_module('ordinary_kmeans')
    ordinary = reclustering.cluster_classes
    assert ordinary is not balanced
    generator = torch.Generator().manual_seed(0)
    groups = torch.tensor([0, 50, 100]).repeat_interleave(
        torch.tensor([70, 20, 10])
    )
    features = torch.randn(100, 4, generator=generator) + groups[:, None]
    labels = (groups == 100).long()  # class 2 has no pixel
    counts = [2, 1, 1]
    first = ordinary(features, labels, counts)
    assert sorted(first.sizes.tolist()) == [0, 10, 20, 70]
    assert torch.equal(first.subclasses.unique(), torch.arange(3))
    means = [features[first.subclasses == s].mean(0) for s in range(3)]
    assert torch.allclose(first.prototypes[:3], torch.stack(means), atol=1e-4)
    again = ordinary(
        features,
        labels,
        counts,
        init_prototypes=first.prototypes,
        previous_subclasses=first.subclasses,
    )
    assert again.changed == 0
    assert balanced(features, labels, counts).sizes.tolist() == [45, 45, 10, 0]


@pytest.mark.parametrize('protocol', ['cpu', 'gpu'])
def test_config_puts_it_in_place(protocol, project_root):
    """In a process of its own, with the search path of ``tools/train.py``."""
    folder = project_root / 'experiments' / 'configs' / protocol
    config = folder / f'{protocol}_usrn_ordinary_kmeans.py'
    code = (
        'import sys; import mmseg_usrn; '
        'from mmengine.config import Config; '
        f'sys.path.insert(0, {str(project_root)!r}); '
        f'Config.fromfile({str(config)!r}); '
        'from mmseg_usrn.engine import reclustering; '
        'print(reclustering.cluster_classes.__module__)'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().endswith('experiments.ordinary_kmeans')
