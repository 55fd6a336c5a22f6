"""The benchmark of the step runs, and the docs show its last results."""

import importlib
import subprocess
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


@pytest.fixture
def contenders(benchmark):
    return importlib.import_module('train_step_contenders')


def test_table_in_the_docs(benchmark, project_root):
    rows = sys.modules['_common'].load_rows()
    docs = (project_root / 'docs/speed.md').read_text()
    assert benchmark.table(rows) in docs


def test_ratios_are_of_the_same_commit(benchmark):
    """If it has a row; another commit's default has no plain beside it."""
    rows = [
        dict(
            benchmark='train_step',
            setting='small',
            contender=contender,
            commit=commit,
            seconds=seconds,
            iqr=0,
            peak_mib=100,
        )
        for contender, commit, seconds in (
            ('plain', 'old', 4.0),
            ('plain', 'new', 2.0),
            ('default', 'new', 1.0),
            ('default', 'other', 1.0),
        )
    ]
    shares = [
        line.split(' | ')[4] for line in benchmark.table(rows).splitlines()[2:]
    ]
    assert shares == ['1.00', '1.00', '0.50', '0.25']


def test_steps_in_every_variant(benchmark, contenders, project_root):
    recipe = project_root / benchmark.SMALL
    for variant in ('plain', 'amp', 'channels_last'):
        step = contenders.Step(recipe, 'default', 'cpu', 32, 2, 22)
        step.vary(variant)
        assert step.seconds() > 0
    assert step.model.data_preprocessor.channels_last
    assert step.model.subclass_table.num_subclasses == 22


def test_what_has_ended_takes_no_more_turns(benchmark, project_root, capsys):
    common = sys.modules['_common']
    command = [sys.executable, '-c', 'print("{}", flush=True); input()']
    pipes = dict.fromkeys(('stdin', 'stdout'), subprocess.PIPE)
    process = subprocess.Popen(command, text=True, **pipes)
    processes = {'one': process}
    assert list(common.take_turns(processes, 0)) == [('one', {})]
    assert list(common.take_turns(processes, 1)) == [] and not processes
    assert 'one has ended' in capsys.readouterr().err
    process.wait()


def test_contenders_compute_the_same_losses(
    benchmark, contenders, project_root
):
    """In the paper's mode, all steps in one pass and plain formula or not."""
    init_default_scope('mmseg')
    config = Config.fromfile(project_root / benchmark.SMALL)
    logs = []
    for contender in ('plain', 'paper'):
        torch.manual_seed(0)
        model = contenders.build_model(config.model, contender, 64)
        for module in model.modules():
            if 'Dropout' in type(module).__name__:
                module.p = 0.0
        torch.manual_seed(0)
        data = contenders.make_batch(model.num_classes, 64, 2, stock=False)
        wrapper = build_optim_wrapper(model, config.optim_wrapper)
        logs.append(model.train_step(data, wrapper))
    for name in ('sup_class', 'sup_subclass', 'unsup_subclass'):
        found, expected = (log[f'{name}.loss_ce'].item() for log in logs)
        assert found == pytest.approx(expected, rel=1e-3), name
