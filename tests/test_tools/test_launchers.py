"""The shell launchers, with real processes and tools that print a report."""

import json
import shutil
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
TOOL = """
import json, os, sys
names = ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT',
         'OMP_NUM_THREADS')
print('\\n' + json.dumps({**{n: os.environ.get(n) for n in names},
                        'tool': os.path.basename(sys.argv[0]),
                        'args': sys.argv[1:]}), flush=True)
sys.exit(7 if 'fail' in sys.argv else 0)
"""
SRUN = '#!/bin/sh\nprintf "%s\\n" "$@"\n'


@pytest.fixture
def tools(project_root, tmp_path):
    """A folder (with a space in its name) of the launchers and two tools."""
    folder = tmp_path / 'my tools'
    folder.mkdir()
    source = project_root / 'tools'
    for script in [*source.glob('*.sh'), source / 'launch.py']:
        shutil.copy(script, folder)
    for name in ('train.py', 'test.py'):
        (folder / name).write_text(TOOL)
    return folder


def reports(output):
    """What the processes print, by rank."""
    lines = [line for line in output.splitlines() if line.startswith('{')]
    return sorted(map(json.loads, lines), key=lambda report: report['RANK'])


def test_dist_train_starts_two_processes(run_tool, tools):
    done = run_tool(
        *(tools / 'dist_train.sh', 'a config.py', 2, '--work-dir', 'a b'),
        env={'OMP_NUM_THREADS': '', 'PORT': '', 'NNODES': ''},
    )
    first, second = reports(done.stdout)
    assert first['args'] == [
        *('a config.py', '--work-dir', 'a b', '--launcher', 'pytorch')
    ]
    assert (first['tool'], first['RANK'], second['RANK']) == (
        *('train.py', '0', '1'),
    )
    assert first['WORLD_SIZE'] == '2'
    assert first['MASTER_ADDR'] == '127.0.0.1'
    assert first['MASTER_PORT'] == second['MASTER_PORT']
    assert int(first['OMP_NUM_THREADS']) >= 1


def test_dist_test_takes_settings_from_outside(run_tool, tools):
    done = run_tool(
        *(tools / 'dist_test.sh', 'config.py', 'best.pth', 1, '--tta'),
        env={'OMP_NUM_THREADS': '3', 'PORT': '29731'},
    )
    (report,) = reports(done.stdout)
    assert report['tool'] == 'test.py'
    assert report['args'] == [
        *('config.py', 'best.pth', '--tta', '--launcher', 'pytorch')
    ]
    assert report['MASTER_PORT'] == '29731'
    assert report['OMP_NUM_THREADS'] == '3'


def test_failure_is_passed_on(run_tool, tools):
    args = (tools / 'dist_train.sh', 'config.py', 1, 'fail')
    assert run_tool(*args, check=False).returncode != 0


@pytest.mark.parametrize(
    ('script', 'args', 'message'),
    [
        ('dist_train.sh', ['config.py'], 'CONFIG GPUS'),
        ('dist_train.sh', ['config.py', 'two'], "above 0, not 'two'"),
        ('dist_test.sh', ['config.py', 'a.pth'], 'CONFIG CHECKPOINT GPUS'),
        ('slurm_train.sh', ['part', 'job'], 'PARTITION JOB_NAME CONFIG'),
        ('slurm_test.sh', ['part', 'job', 'config.py'], 'CHECKPOINT'),
    ],
)
def test_usage(run_tool, tools, script, args, message):
    done = run_tool(tools / script, *args, check=False)
    assert done.returncode == 2
    assert message in done.stdout


@pytest.mark.parametrize(
    'script',
    [p.name for p in TOOLS.glob('*.sh') if p.name != 'launch_common.sh'],
)
def test_help_has_an_example(run_tool, script):
    done = run_tool(TOOLS / script, '--help')
    assert f'example: bash {TOOLS / script} ' in done.stdout


@pytest.mark.parametrize(
    ('script', 'tool', 'args'),
    [
        ('slurm_train.sh', 'train.py', ['config.py', '--amp']),
        ('slurm_test.sh', 'test.py', ['config.py', 'best.pth', '--tta']),
    ],
)
def test_slurm(run_tool, tools, tmp_path, monkeypatch, script, tool, args):
    srun = tmp_path / 'bin' / 'srun'
    srun.parent.mkdir()
    srun.write_text(SRUN)
    srun.chmod(0o755)
    monkeypatch.setenv('PATH', str(srun.parent), prepend=':')
    done = run_tool(
        *(tools / script, 'part', 'job', *args),
        env={'GPUS': '8', 'SRUN_ARGS': '--time 1:00 --quiet', 'PYTHON': 'py'},
    )
    assert done.stdout.splitlines() == [
        *('-p', 'part', '--job-name=job', '--gres=gpu:4', '--ntasks=8'),
        *('--ntasks-per-node=4', '--cpus-per-task=5'),
        *('--kill-on-bad-exit=1', '--time', '1:00', '--quiet'),
        *('py', '-u', str(tools / tool), *args, '--launcher', 'slurm'),
    ]


@pytest.mark.skipif(bool(shutil.which('srun')), reason='needs no Slurm')
def test_without_slurm_it_is_one_error(run_tool, tools):
    script = tools / 'slurm_test.sh'
    done = run_tool(script, 'part', 'job', 'a.py', 'a.pth', check=False)
    assert done.returncode == 2
    (line,) = done.stdout.splitlines()
    assert line.startswith('slurm_test.sh: there is no srun on this machine')
    assert line.endswith('use dist_test.sh')
