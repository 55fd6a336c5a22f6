"""Lock, checkpoints and pointer of a work dir."""

import os
import signal
import subprocess
import sys

import pytest
import torch
from mmengine.config import Config

from mmseg_usrn.engine.work_dir import (
    POINTER,
    continue_or_refuse,
    folders_of,
    latest_checkpoint,
    lock_run,
    lock_work_dir,
    write_pointer,
)


@pytest.fixture
def run(tmp_path):
    """A work dir with two whole checkpoints; 5 is named by the pointer."""
    folder = tmp_path / 'run'
    folder.mkdir()
    for number in (10, 5):
        torch.save({'state_dict': {}}, folder / f'iter_{number}.pth')
    torch.save({}, folder / 'best_mIoU_iter_20.pth')
    torch.save({}, folder / 'notes_30.pth')
    write_pointer(folder, folder / 'iter_5.pth')
    return folder


def test_pointer_is_relative_and_moves_with_the_folder(run, said, tmp_path):
    (run / 'iter_10.pth').unlink()
    assert (run / POINTER).read_text() == 'iter_5.pth'
    moved = run.rename(tmp_path / 'moved')
    assert latest_checkpoint(moved) == moved / 'iter_5.pth'
    # As MMEngine writes it.
    (moved / POINTER).write_text(str(run / 'iter_5.pth'))
    assert latest_checkpoint(moved) == moved / 'iter_5.pth'
    assert said() == ''


@pytest.mark.parametrize(
    'pointer', ['iter_5.pth', '', 'iter_1.pth', None, b'\xff\xfe\0']
)
def test_the_newest_whole_one_counts(run, said, pointer):
    (run / POINTER).unlink()
    if pointer is not None:
        data = pointer.encode() if isinstance(pointer, str) else pointer
        (run / POINTER).write_bytes(data)
    assert latest_checkpoint(run) == run / 'iter_10.pth'
    assert 'last_checkpoint does not name' in said()


def test_a_checkpoint_of_another_name(run):
    (run / 'iter_10.pth').unlink()
    (run / 'iter_5.pth').rename(run / 'model_5.pth')
    (run / POINTER).write_text('model_5.pth')
    assert latest_checkpoint(run) == run / 'model_5.pth'


@pytest.mark.parametrize('damage', ['cut', 'empty', 'flipped'])
def test_a_broken_one_is_left_out(run, said, damage):
    path = run / 'iter_10.pth'
    torch.save({'state_dict': {'a': torch.rand(99)}}, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= damage == 'flipped'
    length = dict(cut=len(content) // 2, empty=0).get(damage, len(content))
    path.write_bytes(content[:length])
    assert latest_checkpoint(run) == run / 'iter_5.pth'
    assert 'iter_10.pth is no whole checkpoint' in said()
    (run / 'iter_5.pth').write_bytes(b'')
    with pytest.raises(ValueError, match='none of the 2 checkpoints'):
        latest_checkpoint(run)


def test_no_run(tmp_path, said):
    assert latest_checkpoint(tmp_path) is None
    assert said() == ''
    (tmp_path / POINTER).write_text('iter_5.pth')
    assert latest_checkpoint(tmp_path) is None
    assert 'there is no' in said()


def test_an_earlier_run_is_resumed_or_refused(run, said):
    cfg = Config(dict(work_dir=str(run), load_from='pretrained.pth'))
    with pytest.raises(ValueError, match='newest iter_10.pth: --resume'):
        continue_or_refuse(cfg, resume=False)
    continue_or_refuse(cfg, resume=True)
    assert cfg.resume and cfg.load_from is None
    assert said() == ''


def test_a_run_whose_checkpoints_are_gone(run, said):
    """Its pointer alone is nothing to go on from."""
    for path in run.glob('*.pth'):
        path.unlink()
    cfg = Config(dict(work_dir=str(run), load_from='pretrained.pth'))
    continue_or_refuse(cfg, resume=True)
    assert not cfg.resume and cfg.load_from == 'pretrained.pth'
    assert 'starts at iteration 0, from the weights of pretr' in said()
    assert f'there is no {run}/iter_5.pth, which last_checkpoint' in said()


@pytest.mark.parametrize('pointer', [True, False])
def test_checkpoints_in_another_folder(run, said, tmp_path, pointer):
    """MMEngine saves them in out_dir, below the name of the work dir."""
    saving = dict(out_dir=str(tmp_path / 'elsewhere'))
    cfg = Config(
        dict(work_dir=str(run), default_hooks=dict(checkpoint=saving))
    )
    (tmp_path / 'elsewhere').mkdir()
    there = tmp_path / 'elsewhere' / 'run'
    run.rename(there)
    run.mkdir()
    if pointer:
        write_pointer(run, there / 'iter_10.pth')
    with pytest.raises(ValueError, match=f'{there} holds checkpoints of an'):
        continue_or_refuse(cfg, resume=False)
    continue_or_refuse(cfg, resume=True)
    assert cfg.resume
    assert latest_checkpoint(*folders_of(cfg)) == there / 'iter_10.pth'
    locks = lock_run(cfg)
    assert len(locks) == 2 and (there / 'run.lock').is_file()


def test_a_new_run(tmp_path, said):
    cfg = Config(dict(work_dir=str(tmp_path), load_from='pretrained.pth'))
    continue_or_refuse(cfg, resume=False)
    assert said() == ''
    continue_or_refuse(cfg, resume=True)
    assert not cfg.resume and cfg.load_from == 'pretrained.pth'
    assert 'starts at iteration 0, from the weights of pretr' in said()


HOLD = """
import os, subprocess, sys, time
from mmseg_usrn.engine.work_dir import lock_work_dir
lock = lock_work_dir(sys.argv[1])
if os.fork():  # the other one lives on, as a data worker
    print('held', flush=True)
time.sleep(100)
"""


def test_one_run_at_a_time_and_a_kill_frees_the_folder(tmp_path):
    folder = tmp_path / 'run'
    holder = subprocess.Popen(
        [sys.executable, '-c', HOLD, folder],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert holder.stdout.readline() == b'held\n'
        with pytest.raises(ValueError, match=f'process {holder.pid} on'):
            lock_work_dir(folder)
        holder.kill()  # its child stays
        holder.wait()
        lock_work_dir(folder).close()
    finally:
        os.killpg(holder.pid, signal.SIGKILL)
