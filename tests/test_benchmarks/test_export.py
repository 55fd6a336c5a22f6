"""Benchmark of the exports."""

import importlib.util

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS


@pytest.fixture(scope='module')
def benchmark(project_root):
    path = project_root / 'benchmarks/export.py'
    spec = importlib.util.spec_from_file_location('export_benchmark', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_docs_have_the_results(benchmark):
    docs = benchmark.DOCS.read_text()
    assert benchmark.table(benchmark.read(benchmark.RESULTS)) in docs
    trained = benchmark.read(benchmark.TRAINED)
    assert benchmark.trained_table(trained) in docs


def test_every_base_that_works_is_in_the_results(benchmark):
    rows = benchmark.read(benchmark.RESULTS)
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


@pytest.mark.slow
def test_a_trained_model_and_its_exports(
    benchmark, toy_config, tmp_path, monkeypatch
):
    """All give the same labels, and what differs is counted."""
    toy_config.test_dataloader = toy_config.val_dataloader
    toy_config.test_evaluator = toy_config.val_evaluator
    toy_config.custom_imports = dict(imports=['mmseg_usrn'])
    toy_config.dump(tmp_path / 'toy.py')
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(toy_config.model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'toy.pth')
    arguments = 'toy', str(tmp_path / 'toy.py'), str(tmp_path / 'toy.pth')
    row = benchmark.measure_trained(*arguments)
    assert (row['images'], row['pixels']) == (2, 2 * 48 * 64)
    assert row['pytorch'] == row['onnx'] == row['torch']
    assert {row[f'{form}_differing'] for form in benchmark.FORMS} == {0}
    inverted = benchmark.load_onnx
    monkeypatch.setitem(
        benchmark.FORMS,
        'onnx',
        (
            benchmark.write_onnx,
            lambda path: lambda image: -inverted(path)(image),
        ),
    )
    row = benchmark.measure_trained(*arguments)
    assert row['onnx_differing'] > 0.5 * row['pixels']
    *_, line = benchmark.trained_table([row]).splitlines()
    assert f'{row["onnx_differing"]} of 0.0 million' in line
