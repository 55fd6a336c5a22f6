"""The benchmark of predictions runs, and the docs show its last results."""

import importlib
import sys

import pytest


@pytest.fixture
def benchmark(project_root, monkeypatch):
    monkeypatch.syspath_prepend(project_root / 'benchmarks')
    return importlib.import_module('inference')


def test_table_in_the_docs(benchmark, project_root):
    rows = sys.modules['_common'].load_rows()
    docs = (project_root / 'docs/speed.md').read_text()
    assert benchmark.table(rows) in docs


def test_a_table(benchmark):
    """Each against the stock model of its commit, if there is a row of it."""
    rows = [
        dict(
            benchmark='inference',
            contender=contender,
            setting='small',
            seconds=seconds,
            iqr=0.001,
            commit=commit,
        )
        for contender, seconds, commit in (
            ('inference_model', 0.1, 'a'),
            ('predict', 0.05, 'a'),
            ('predict', 0.08, 'b'),
            ('inference_model', 0.3, 'c'),
            ('predict', 0.1, 'c'),
        )
    ]
    assert benchmark.table(rows).splitlines()[2:] == [
        '| small | inference_model | a | 100.0 (1.0) |  |',
        '| small | predict | a | 50.0 (1.0) | 2.00 x |',
        '| small | predict | b | 80.0 (1.0) | 1.25 x |',
        '| small | inference_model | c | 300.0 (1.0) |  |',
        '| small | predict | c | 100.0 (1.0) | 3.00 x |',
    ]


@pytest.mark.slow
def test_contenders_predict_the_same(
    benchmark, project_root, tmp_path, monkeypatch
):
    """Also when the network is compiled, in the third round."""
    recipe, _, _ = benchmark.SETTINGS['small']
    size = {'small': (recipe, (96, 64), 2)}
    monkeypatch.setattr(benchmark, 'SETTINGS', size)
    benchmark.write_images('small', tmp_path)
    images = sorted(tmp_path.glob('*.jpg'))
    found = {}
    for contender in benchmark.CONTENDERS:
        config = benchmark.Config.fromfile(project_root / recipe)
        predict = benchmark.build(
            contender, config, 'cpu', images, tmp_path / contender
        )
        for _ in range(2):
            found[contender] = predict()
    first = found['inference_model']
    assert len(first) == 2 and len(first[0].unique()) > 1
    for contender, labels in found.items():
        for one, expected in zip(labels, first, strict=True):
            differing = (one != expected).float().mean()
            # Compiled networks round in another order.
            assert differing <= (1e-3 if contender == 'predict' else 0)
        if contender in ('predict', 'inference_model'):
            masks = tmp_path / contender / 'masks'
            assert len(list(masks.iterdir())) == 2
