"""The benchmark of the step runs, and the docs show its last results."""

import importlib
import sys

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

import mmseg_usrn  # noqa: F401  (registers the package)


@pytest.fixture
def benchmark(project_root, monkeypatch):
    monkeypatch.syspath_prepend(project_root / 'benchmarks')
    return importlib.import_module('train_step')


def test_table_in_the_docs(benchmark, project_root):
    rows = sys.modules['_common'].load_rows()
    docs = (project_root / 'docs/speed.md').read_text()
    assert benchmark.table(rows) in docs


def test_contenders_compute_the_same_losses(benchmark, project_root):
    """In the paper's mode, all steps in one pass and plain formula or not."""
    init_default_scope('mmseg')
    config = Config.fromfile(project_root / benchmark.SMALL)
    logs = []
    for contender in ('plain', 'paper'):
        torch.manual_seed(0)
        model = benchmark.build_model(config.model, contender, 64)
        for module in model.modules():
            if 'Dropout' in type(module).__name__:
                module.p = 0.0
        torch.manual_seed(0)
        data = benchmark.make_batch(model.num_classes, 64, 2, stock=False)
        wrapper = build_optim_wrapper(model, config.optim_wrapper)
        logs.append(model.train_step(data, wrapper))
    for name in ('sup_class', 'sup_subclass', 'unsup_subclass'):
        found, expected = (log[f'{name}.loss_ce'].item() for log in logs)
        assert found == pytest.approx(expected, rel=1e-3), name
