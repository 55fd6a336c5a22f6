"""The data of the benchmark of waiting for data."""

import argparse
import importlib

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

import mmseg_usrn  # noqa: F401  (registers the package)


@pytest.fixture
def benchmark(project_root, monkeypatch):
    monkeypatch.syspath_prepend(project_root / 'benchmarks')
    return importlib.import_module('data_time')


def test_recipe_on_generated_images(benchmark, tmp_path):
    """One image of eight is labeled, crops have the wanted side."""
    benchmark.make_voc(tmp_path, 16)
    args = argparse.Namespace(
        warm_up=1, iterations=2, crop=64, batch=2, workers=0
    )
    benchmark.write_recipe(tmp_path / 'recipe.py', args)
    cfg = Config.fromfile(tmp_path / 'recipe.py')
    init_default_scope('mmseg')
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    assert len(dataset.labeled) == 2 and len(dataset.unlabeled) == 14
    inputs = dataset[0]['inputs']
    assert inputs['sup'].shape == (3, 64, 64)
    (strong,) = inputs['unsup_strong']
    assert strong.shape == (3, 64, 64)
    assert cfg.train_cfg.max_iters == cfg.param_scheduler[0].end == 3
    assert cfg.model.pretrained is None
