"""Benchmark of the exports."""

import importlib.util
import json

import pytest


@pytest.fixture(scope='module')
def benchmark(project_root):
    path = project_root / 'benchmarks/export.py'
    spec = importlib.util.spec_from_file_location('export_benchmark', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_docs_have_the_results(benchmark):
    lines = benchmark.RESULTS.read_text().splitlines()
    table = benchmark.table([json.loads(line) for line in lines])
    assert table in benchmark.DOCS.read_text()


def test_every_base_that_works_is_in_the_results(benchmark):
    lines = benchmark.RESULTS.read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    tried = {row['model'] for row in rows if row['form'] == 'onnx'}
    assert tried == set(benchmark.working_models())


def test_a_row_of_the_table(benchmark):
    """Of an export that works at fixed size, and one that does not."""
    done = dict(
        model='a',
        form='onnx',
        batch=True,
        any_size=False,
        multiple=1,
        difference=1.5e-6,
        mb=12.34,
        ms=3.4,
        pytorch_ms=7.8,
    )
    failed = dict(model='a', form='torch', problem='no')
    *_, row = benchmark.table([done, failed]).splitlines()
    assert row == '| a | fixed |  | no | 2e-06 | 12.3 | 7.8 | 3.4 |  |  |'
    assert benchmark.kind(dict(done, any_size=True)) == 'any'
    assert benchmark.kind(dict(done, any_size=True, multiple=32)) == '32n'
    assert benchmark.kind(dict(done, batch=False)) == 'fixed, one image'
