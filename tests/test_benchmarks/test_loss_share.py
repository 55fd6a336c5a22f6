"""The share of the losses, and its table in the docs."""

import importlib
import sys

import pytest
import torch


@pytest.fixture
def benchmark(project_root, monkeypatch):
    monkeypatch.syspath_prepend(project_root / 'benchmarks')
    return importlib.import_module('loss_share')


def test_the_real_graph_is_left_alone(benchmark):
    """The timed copy runs backward, the gradient of the real one is added."""
    seconds = {'loss': 0.0}
    weights = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = benchmark.timed(
        lambda pair, factor: dict(loss=factor * pair[0].square().sum()),
        *('cpu', seconds, 'loss'),
    )
    value = loss((3 * weights, None), 2.0)['loss']
    assert value.item() == 2 * (9 + 36) and weights.grad is None
    value.backward()
    assert weights.grad.tolist() == [36, 72] and seconds['loss'] > 0


def test_parts_of_a_step(benchmark, project_root, monkeypatch):
    setting = (benchmark.SETTINGS['small 128'][0], 32, 2)
    monkeypatch.setitem(benchmark.SETTINGS, 'small 128', setting)
    rows = benchmark.measure('small 128', 'cpu', 2)
    seconds = {row['contender']: row['seconds'] for row in rows}
    whole, every = seconds.pop(benchmark.STEP), seconds.pop(benchmark.ALL)
    assert len(seconds) == 4 and min(seconds.values()) > 0
    assert max(seconds.values()) < every < whole
    first, *_, last = benchmark.table(rows).splitlines()[2:]
    assert first.endswith('| 100.0% |') and benchmark.ALL in last


def test_table_in_the_docs(benchmark, project_root):
    rows = sys.modules['_common'].load_rows()
    docs = (project_root / 'docs/speed.md').read_text()
    assert benchmark.table(rows) in docs
