"""The runner: once for real, and with steps that only leave their files."""

import time

import pytest

from experiments import run as runner
from experiments.grids import Run
from experiments.laboratory import Laboratory, StepError, read_iou
from experiments.results import read_results

LOG = """
11/26 20:32:51 - mmengine - INFO - per class results:
11/26 20:32:51 - mmengine - INFO -
+----------+-------+-------+
|  Class   |  IoU  |  Acc  |
+----------+-------+-------+
| off road | 89.88 | 93.0  |
|  crack   |  nan  |  0.0  |
+----------+-------+-------+
11/26 20:32:52 - mmengine - INFO - Iter(test) [2/2]  mIoU: 48.0800  mAcc: 1.0
"""


class Steps(Laboratory):
    """Leaves what the tools leave, and collects their arguments."""

    status = 0
    pause = 0.0

    def step(self, run, command, log):
        command = [str(part) for part in command]
        self.commands = [*getattr(self, 'commands', []), command]
        time.sleep(self.pause)
        log.write_text(LOG)
        if command[0] == 'tools/train.py' and not self.status:
            (log.parent / 'iter_4.pth').touch()
        return self.status, 60.0


@pytest.fixture
def steps(tmp_path):
    return Steps(tmp_path, tmp_path / 'data', options=('a=1',))


def usrn(contender='usrn', seed=0):
    return Run('cpu', 'roads', '1over16', contender, seed)


def test_iou_as_it_is_printed():
    mean, classes = read_iou(LOG)
    assert mean == 48.08
    assert classes['IoU.off road'] == 89.88
    assert len(classes) == 2 and classes['IoU.crack'] != classes['IoU.crack']


def test_a_run_leaves_a_row(steps):
    assert steps.attempt(usrn())
    train, test = steps.commands
    assert '--resume' in train and train[-1] == 'a=1'
    assert 'randomness.seed=0' in train
    folder = steps.work_dir / 'cpu/roads/usrn/1over16_seed0'
    assert test[1:3] == [f'{folder}/experiment.py', f'{folder}/iter_4.pth']
    (row,) = read_results(steps.results)
    assert row['mIoU'] == '48.08' and row['iterations'] == '4'
    assert row['cpu_minutes'] == '1.0'
    assert row['command'] == (
        'python -m experiments.run cpu --only roads/usrn/1over16_seed0 '
        '--cfg-options a=1'
    )
    assert steps.attempt(usrn()) and len(steps.commands) == 2


def test_interrupted_runs_go_on(steps, capsys):
    steps.status = 143
    assert not steps.attempt(usrn()) and len(steps.commands) == 1
    assert 'training stopped, see ' in capsys.readouterr().out
    assert not steps.is_done(usrn())
    steps.status = 0
    assert steps.attempt(usrn())
    (row,) = read_results(steps.results)
    assert row['cpu_minutes'] == '2.0'


def test_a_run_begins_with_what_it_needs(steps):
    run = usrn('usrn_three_stages')
    assert steps.attempt(run)
    baseline, _, train, _ = steps.commands
    assert '--baseline' in baseline
    checkpoint = steps.work_dir / f'cpu/{run.needs.name}/iter_4.pth'
    place = train.index('--feature-checkpoint')
    assert train[place + 1] == str(checkpoint)
    checkpoint.unlink()
    with pytest.raises(StepError, match='no checkpoint'):
        steps.finish(usrn('usrn_three_stages_no_fork'))


def test_a_tool_is_stopped_at_the_deadline(tmp_path):
    laboratory = Laboratory(tmp_path, tmp_path, time.monotonic() + 1)
    command = ['-c', 'while True: pass']
    status, seconds = laboratory.step(usrn(), command, tmp_path / 'log')
    assert status == -15 and 0 < seconds < 30
    assert not laboratory.attempt(usrn()), 'the time is over'


def test_missing_data_are_named(tmp_path, capsys):
    laboratory = Laboratory(tmp_path, tmp_path / 'data')
    assert not laboratory.attempt(usrn())
    printed = capsys.readouterr().out
    assert f'put roads into {tmp_path}/data, or name its parent' in printed


def test_several_jobs_train_what_both_need_once(steps, monkeypatch):
    steps.pause = 0.2
    monkeypatch.setattr(runner, 'Laboratory', lambda **_: steps)
    monkeypatch.setattr(runner.signal, 'signal', lambda *_: None)
    names = ['usrn_three_stages', 'baseline', 'usrn_three_stages_no_fork']
    arguments = ['cpu', '--jobs', '3', '--only']
    arguments += [f'camvid/{name}/1over16_seed0' for name in names]
    monkeypatch.setattr(runner.sys, 'argv', ['run', *arguments])
    with pytest.raises(SystemExit) as end:
        runner.main()
    assert end.value.code == 0
    assert len(steps.commands) == 2 * len(names)
    assert len(read_results(steps.results)) == len(names)


def test_patterns():
    patterns = ['*/usrn/1over8_seed1', '*/usrn/1over*_seed1']
    found = [run.split for run in runner.chosen('cpu', patterns)]
    assert found == ['1over8', '1over16', '1over30']
    with pytest.raises(SystemExit, match='like usrn; --list'):
        runner.chosen('cpu', ['usrn'])


def test_one_runner_a_work_dir(tmp_path):
    held = runner.lock(tmp_path)
    with pytest.raises(SystemExit, match='another runner'):
        runner.lock(tmp_path)
    held.close()
    runner.lock(tmp_path).close()


@pytest.mark.slow
def test_a_run_with_the_real_tools(shared_dir, project_root, tmp_path):
    options = (
        'train_cfg.max_iters=2',
        'train_cfg.val_interval=2',
        'param_scheduler.0.end=2',
        'default_hooks.checkpoint.interval=2',
        'custom_hooks.0.warmup_iters=1',
        'val_dataloader.dataset.indices=[0,1]',
        'test_dataloader.dataset.indices=[0,1]',
    )
    laboratory = Laboratory(tmp_path, shared_dir / 'data', options=options)
    assert laboratory.attempt(Run('fields', 'leaves', '1over16', 'usrn', 0))
    (row,) = read_results(laboratory.results)
    assert row['iterations'] == '2' and float(row['cpu_minutes']) > 0
    classes = [row[f'IoU.{c}'] for c in ('background', 'leaf', 'symptom')]
    assert abs(sum(map(float, classes)) / 3 - float(row['mIoU'])) < 0.02
