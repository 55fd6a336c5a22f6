"""The main job on CamVid: trained, killed, resumed and tested.

The real config and images at reduced resolution, in 2 CPU processes.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import suppress

import pytest
import torch

SMALL = {
    'model.data_preprocessor.size': '(64,64)',
    'train_dataloader.batch_size': 2,
    'train_dataloader.num_workers': 1,
    'train_dataloader.dataset.labeled.indices': 6,
    'train_dataloader.dataset.labeled.pipeline.3.scale': '(120,90)',
    'train_dataloader.dataset.labeled.pipeline.4.crop_size': '(64,64)',
    'train_dataloader.dataset.unlabeled.pipeline.1.scale': '(120,90)',
    'train_dataloader.dataset.unlabeled.pipeline.2.crop_size': '(64,64)',
    'train_dataloader.dataset.feature_pipeline.1.scale': '(120,90)',
    'train_dataloader.dataset.labeled.pipeline.2.stride': 16,
    'val_dataloader.num_workers': 0,
    'val_dataloader.persistent_workers': False,
    'val_dataloader.dataset.indices': 6,
    'val_dataloader.dataset.pipeline.1.scale': '(120,90)',
    'custom_hooks.0.warmup_iters': 3,
    'custom_hooks.0.interval': 4,
    'custom_hooks.0.num_workers': 0,
    'train_cfg.max_iters': 13,
    'train_cfg.val_interval': 13,
    'param_scheduler.0.end': 13,
    'default_hooks.checkpoint.interval': 5,
    'default_hooks.checkpoint.max_keep_ckpts': 3,
    'default_hooks.logger.interval': 1,
}
# The images of the evaluation in training.
TEST = {
    'test_dataloader.num_workers': 0,
    'test_dataloader.persistent_workers': False,
    'test_dataloader.dataset.indices': 6,
    'test_dataloader.dataset.data_prefix.img_path': 'img_dir/val',
    'test_dataloader.dataset.data_prefix.seg_map_path': 'ann_dir/val',
    'test_dataloader.dataset.pipeline.1.scale': '(120,90)',
}
TABLE = 'subclass_table.'


def as_options(settings: dict) -> list[str]:
    return ['--cfg-options', *(f'{k}={v}' for k, v in settings.items())]


def read_table(path) -> dict:
    """The subclasses in a checkpoint."""
    state = torch.load(path, weights_only=False)['state_dict']
    return {k: v for k, v in state.items() if k.startswith(TABLE)}


def mean_iou(output: str) -> float:
    """The last result of an evaluation."""
    return float(re.findall(r'mIoU: ([\d.]+)', output)[-1])


def descendants(pid: int) -> list[int]:
    """Processes that a process has started, and those have started."""
    table = subprocess.run(
        ['ps', '-eo', 'ppid=,pid='], capture_output=True, text=True, check=True
    )
    children = defaultdict(list)
    for line in table.stdout.splitlines():
        parent, child = map(int, line.split())
        children[parent].append(child)
    found = [pid]
    for parent in found:
        found.extend(children[parent])
    return found[1:]


def train_and_kill(command, cwd, checkpoint, log_file) -> None:
    """Kill a training, its workers too, once it has saved a checkpoint."""
    with log_file.open('w') as log:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={
                **os.environ,
                'OMP_NUM_THREADS': '1',
                'PYTHON': sys.executable,
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        pointer = checkpoint.parent / 'last_checkpoint'
        try:
            while process.poll() is None and not pointer.is_file():
                time.sleep(0.05)
        finally:
            running = process.poll() is None
            workers = descendants(process.pid)
            # The launcher first: it would end the workers in an orderly way.
            for pid in [process.pid, *workers]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()
    assert running, log_file.read_text()[-4000:]
    assert pointer.read_text().endswith(checkpoint.name)


@pytest.mark.slow
def test_main_job(shared_dir, project_root, run_tool, tmp_path):
    (tmp_path / 'data').symlink_to(shared_dir / 'data')
    config = str(project_root / 'configs/usrn/camvid_1over8.py')
    work = tmp_path / 'work'
    arguments = [config, '2', '--work-dir', str(work), *as_options(SMALL)]
    script = str(project_root / 'tools/dist_train.sh')
    first = work / 'iter_5.pth'
    log_file = tmp_path / 'killed.txt'
    train_and_kill(['bash', script, *arguments], tmp_path, first, log_file)
    killed = log_file.read_text()
    assert killed.count('clustering 6 labeled images') == 1
    assert 'subclass sizes' in killed
    before = first.read_bytes()
    logs = {p: p.stat().st_size for p in work.glob('2*/**/*') if p.is_file()}

    resumed = run_tool(
        *('dist_train.sh', *arguments, '--resume'),
        cwd=tmp_path,
        timeout=590,
    ).stdout
    iterations = re.findall(r'Iter\(train\) \[ *(\d+)/13\]', resumed)
    assert iterations == [str(i) for i in range(6, 14)]
    # Due at 7 and 11, not at the start: the table is that of the checkpoint.
    assert re.findall(r'labeled images at iteration (\d+)', resumed) == [
        *('7', '11')
    ]
    assert 'cells that changed subclass' in resumed
    for name in ('sup_class.loss_ce', 'unsup_class.loss_ce', 'gate_ratio'):
        assert name in resumed
    assert not re.search(r'loss\S*: (nan|inf)', resumed)

    # Nothing of the killed run is lost or changed.
    assert first.read_bytes() == before
    for path, size in logs.items():
        assert path.stat().st_size == size
    table, last = read_table(first), read_table(work / 'iter_13.pth')
    assert table[TABLE + 'cells_per_image'].tolist() == [23 * 30] * 6
    for name in ('subclass_to_class', 'cells_per_image'):
        assert torch.equal(table[TABLE + name], last[TABLE + name])

    tested = run_tool(
        *('test.py', config, work / 'iter_13.pth'),
        *('--work-dir', tmp_path / 'test', *as_options(TEST)),
        cwd=tmp_path,
    ).stdout
    assert mean_iou(tested) == mean_iou(resumed)
