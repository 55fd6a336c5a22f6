"""The benchmark of the data runs, and the docs show its last results."""

import importlib.util
import json
import sys

import pytest
from mmengine.registry import init_default_scope

import mmseg_usrn  # noqa: F401  (registers the package)


@pytest.fixture(scope='module')
def benchmark(project_root):
    path = project_root / 'benchmarks/data.py'
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location('benchmark_data', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_table_in_the_docs(benchmark, project_root):
    lines = (project_root / 'benchmarks/data_results.jsonl').read_text()
    rows = [json.loads(line) for line in lines.splitlines()]
    docs = (project_root / 'docs/speed.md').read_text()
    assert benchmark.table(rows) in docs


def test_bars_are_met(project_root):
    """An unlabeled item against a stock labeled one."""
    lines = (project_root / 'benchmarks/data_results.jsonl').read_text()
    ratios = {
        row['recipe']: row['to_stock']
        for row in map(json.loads, lines.splitlines())
        if row['item'] == 'unlabeled' and row['commit'] != 'be92786'
    }
    assert ratios['VOC'] <= 0.7 and ratios['VOC, paper'] <= 1.1


def test_items_of_every_recipe(benchmark, project_root, tmp_path):
    init_default_scope('mmseg')
    benchmark.NUM_IMAGES = 2
    benchmark.make_images(tmp_path)
    for path in benchmark.RECIPES.values():
        pipelines = benchmark.find_pipelines(project_root / path)
        assert list(pipelines) == ['stock labeled', 'labeled', 'unlabeled']
        for pipeline in pipelines.values():
            assert benchmark.time_round(pipeline, tmp_path, 0) > 0
