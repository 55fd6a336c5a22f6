"""Iterations that are measured, and what they read."""

import os

import pytest
import torch
from mmengine.runner import CheckpointLoader

from mmseg_usrn.engine.trial_run import time_sentence


class Program:
    """Makes a folder when it is read."""

    def __reduce__(self):
        return os.mkdir, ('ran',)


@pytest.fixture
def unprotected(monkeypatch):
    """MMEngine's loading as it is in a new process."""
    loaders = CheckpointLoader._schemes.items()
    plain = {p: getattr(f, '__wrapped__', f) for p, f in loaders}
    monkeypatch.setattr(CheckpointLoader, '_schemes', plain)


def sentence(toy_config, tmp_path, monkeypatch) -> str:
    monkeypatch.chdir(tmp_path)
    toy_config.dump('toy.py')
    return time_sentence('toy.py')


def test_time_of_a_training(toy_config, tmp_path, monkeypatch):
    said = sentence(toy_config, tmp_path, monkeypatch)
    assert said.startswith('The training takes about 1 minutes (')


def test_programs_in_weights_are_not_run(
    toy_config, tmp_path, monkeypatch, unprotected
):
    """That the iterations fail is a note: the config is there."""
    init_cfg = dict(type='Pretrained', checkpoint='strange.pth')
    toy_config.model.backbone.init_cfg = init_cfg
    torch.save({'a': Program()}, tmp_path / 'strange.pth')
    said = sentence(toy_config, tmp_path, monkeypatch)
    assert said.startswith('Note: these iterations have failed (strange.pth')
    assert not os.path.exists('ran')
