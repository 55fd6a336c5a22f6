"""The runner: once for real, and with tools that only leave their files."""

import json
import sys
import time
from math import inf
from pathlib import Path

import pytest


@pytest.fixture
def tools(monkeypatch):
    """Stand-ins for train.py and test.py; collects their arguments."""
    from experiments import run
    from experiments.grids import RARE_CLASSES

    class Tools:
        def __init__(self):
            self.commands = []
            self.status = 0

        def __call__(self, command, log, deadline, locked):
            folder = command[command.index('--work-dir') + 1]
            self.commands.append(command)
            if 'tools/train.py' in command:
                self.train(log.parent)
            else:
                self.test(folder)
            return dict(
                status=self.status,
                wall_seconds=2.0,
                cpu_seconds=1.0,
                peak_memory_mb=500,
            )

        def train(self, folder):
            for name in ('iter_4', 'best_mIoU_iter_2'):
                (folder / f'{name}.pth').touch()

        def test(self, folder):
            metrics = dict(mIoU=50.0, aAcc=90.0)
            for name in ('sky', *RARE_CLASSES):
                metrics[f'IoU.{name}'] = 50.0
            path = Path(folder) / 'start' / 'start.json'
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(metrics))

    tools = Tools()
    monkeypatch.setattr(run, 'step', tools)
    run.stopped.clear()
    return tools


def attempt(work_dir, name='usrn', options=('a=1',)):
    from experiments.grids import Run
    from experiments.run import attempt

    run = Run('cpu', name, '1over16', 0)
    attempt(run, work_dir, inf, list(options), needed=None)
    path = work_dir / name / '1over16_seed0' / 'record.json'
    return json.loads(path.read_text()) if path.exists() else None


def test_finished_runs_are_skipped(tools, tmp_path):
    record = attempt(tmp_path)
    train, last, best = tools.commands
    assert '--resume' in train and train[-1] == 'a=1'
    assert last[3].endswith('/iter_4.pth')
    assert best[3].endswith('/best_mIoU_iter_2.pth')
    assert record['tested']['best']['iteration'] == 2
    assert str(tmp_path) not in record['command']
    assert (tmp_path / 'results.csv').exists()
    attempt(tmp_path)
    assert len(tools.commands) == 3


def test_no_option_without_settings(tools, tmp_path):
    attempt(tmp_path, 'baseline', options=[])
    _, last, best = tools.commands
    assert '--cfg-options' not in [*last, *best]


@pytest.mark.slow
def test_a_run_with_the_real_tools(shared_dir, run_tool, tmp_path):
    settings = {
        'train_cfg.max_iters': 2,
        'train_cfg.val_interval': 1,
        'default_hooks.checkpoint.interval': 1,
        'custom_hooks.0.warmup_iters': 1,
        'val_dataloader.dataset.indices': '[0,1]',
        'test_dataloader.dataset.indices': '[0,1]',
    }
    arguments = [
        *('experiments/run.py', 'cpu', '--work-dir', tmp_path),
        *('--only', 'usrn/1over16_seed0', '--cfg-options'),
        *(f'{key}={value}' for key, value in settings.items()),
    ]
    run_tool(*arguments)
    rows = (tmp_path / 'cpu' / 'results.csv').read_text().splitlines()
    last, best = (row.split(',')[:5] for row in rows[1:])
    assert last == ['usrn', '1over16', '0', 'last', '2']
    assert best[:4] == ['usrn', '1over16', '0', 'best']
    assert best[4] in ('1', '2')
    assert 'usrn/1over16_seed0' not in run_tool(*arguments).stdout


def test_interrupted_runs_go_on(tools, tmp_path):
    tools.status = 143
    assert not attempt(tmp_path)['trained']
    assert len(tools.commands) == 1
    tools.status = 0
    record = attempt(tmp_path)
    assert record['trained'] and record['cpu_seconds'] == 2.0


def test_locked_runs_are_left_to_the_other(tools, tmp_path):
    from experiments.processes import lock

    folder = tmp_path / 'usrn' / '1over16_seed0'
    folder.mkdir(parents=True)
    with lock(folder / 'lock') as locked:
        assert locked is not None
        assert attempt(tmp_path) is None
    assert not tools.commands
    assert attempt(tmp_path)['trained']


def test_a_run_waits_for_what_it_needs(tools, tmp_path):
    from experiments import run
    from experiments.grids import Run

    assert attempt(tmp_path, 'usrn_three_stages') is None
    attempt(tmp_path, 'baseline')
    attempt(tmp_path, 'usrn_three_stages')
    train = tools.commands[-3]
    folder = tmp_path / 'baseline' / '1over16_seed0'
    key = 'custom_hooks.0.feature_checkpoint'
    assert f'{key}={folder}/iter_4.pth' in train
    (folder / 'iter_4.pth').unlink()
    with pytest.raises(run.StepError, match='no checkpoint'):
        run.needed_checkpoint(
            Run('cpu', 'usrn_three_stages', '1over16', 0), tmp_path
        )


def test_several_at_a_time_in_the_order_of_the_patterns(
    tools, tmp_path, monkeypatch, capsys
):
    from experiments import run

    def train_slowly(folder):
        time.sleep(0.3)
        type(tools).train(tools, folder)

    monkeypatch.setattr(tools, 'train', train_slowly)
    monkeypatch.setattr(run.signal, 'signal', lambda *_: None)
    names = ['usrn', 'baseline', 'usrn_three_stages']
    patterns = [f'{name}/1over16_seed0' for name in names]
    arguments = ['cpu', '--work-dir', str(tmp_path), '--jobs', '3']
    monkeypatch.setattr(
        sys, 'argv', ['run.py', *arguments, '--only', *patterns]
    )
    run.main()
    trained = [c for c in tools.commands if 'tools/train.py' in c]
    assert len(trained) == 3
    assert f'{tmp_path}/cpu/baseline' in trained[2][-1]
    capsys.readouterr()
    sys.argv.append('--list')
    run.main()
    listed = capsys.readouterr().out.splitlines()
    assert listed == [f'tested {pattern}' for pattern in patterns]


def test_a_tool_is_stopped_at_the_deadline(tmp_path):
    from experiments.processes import lock, step, stopped

    with lock(tmp_path / 'lock') as locked:
        command = ['python', '-c', 'import time; time.sleep(60)']
        end = time.monotonic() + 0.5
        used = step(command, tmp_path / 'log', end, locked)
    stopped.clear()
    assert used['status'] == -15 and used['wall_seconds'] < 30
    assert used['peak_memory_mb'] > 0
