"""The growth of time and memory, and its table in the docs."""

import importlib
import sys

import pytest


@pytest.fixture
def benchmark(project_root, monkeypatch):
    monkeypatch.syspath_prepend(project_root / 'benchmarks')
    return importlib.import_module('growth')


def test_exponent(benchmark):
    sizes = {1: {}, 2: {}, 4: {}}
    assert benchmark.exponent(sizes, [3, 12, 48]) == pytest.approx(2)
    assert benchmark.exponent(sizes, [5, 5, 5]) == pytest.approx(0)


def test_table_in_the_docs(benchmark, project_root):
    rows = sys.modules['_common'].load_rows()
    docs = (project_root / 'docs/speed.md').read_text()
    assert benchmark.table(rows) in docs


@pytest.mark.parametrize('quantity', ['batch', 'clusters'])
def test_a_small_size(benchmark, quantity, monkeypatch):
    monkeypatch.setitem(benchmark.STEP, 'crop', 32)
    monkeypatch.setitem(benchmark.CLUSTERING, 'points', 2000)
    answer = benchmark.measure_one(quantity, 2)
    assert 0 < answer['seconds'] < 60
    assert 0 <= answer['mib'] < 4000
