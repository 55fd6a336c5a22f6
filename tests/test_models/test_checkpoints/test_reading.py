"""What is read from a checkpoint file."""

import os

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader

from mmseg_usrn.models.checkpoints import protect_loading, read_checkpoint
from mmseg_usrn.models.checkpoints.reading import ALLOWED


class Program:
    """Runs when it is read."""

    def __reduce__(self):
        return os.mkdir, ('ran',)


class Gadget:
    """Reaches for a function through the one that is allowed."""

    def __reduce__(self):
        return getattr, (getattr, '__self__')


@pytest.fixture
def protected():
    """MMEngine's loading is protected, and as it was afterwards."""
    before = dict(CheckpointLoader._schemes)
    protect_loading()
    yield
    CheckpointLoader._schemes = before


def test_our_own(tmp_path):
    history = HistoryBuffer()
    history.update(1.5)
    content = dict(
        state_dict=dict(a=torch.ones(2)),
        meta=dict(iter=3, dataset_meta=dict(classes=('a', 'b'))),
        message_hub=dict(loss=history, best=np.float32(0.5)),
    )
    torch.save(content, tmp_path / 'own.pth')
    found = read_checkpoint(str(tmp_path / 'own.pth'))
    assert found['message_hub']['loss'].mean() == 1.5
    assert found['message_hub']['best'] == 0.5
    assert found['meta'] == content['meta']


@pytest.mark.parametrize('stranger', [Program(), Gadget()])
def test_programs_are_not_run(tmp_path, monkeypatch, protected, stranger):
    monkeypatch.chdir(tmp_path)
    torch.save({'state_dict': {}, 'meta': stranger}, 'strange.pth')
    with pytest.raises(ValueError, match='add --trust-checkpoint') as error:
        CheckpointLoader.load_checkpoint('strange.pth')
    assert '\n' not in str(error.value)
    assert not os.path.exists('ran')
    protect_loading(trust=True)
    CheckpointLoader.load_checkpoint('strange.pth')
    assert os.path.exists('ran') == isinstance(stranger, Program)


@pytest.mark.parametrize(
    'address',
    [
        'https://example.com/{}.pth',
        'torchvision://{}',
        'modelzoo://{}',
        'open-mmlab://{}',
        'mmcls://{}',
    ],
)
def test_programs_of_any_address(tmp_path, monkeypatch, protected, address):
    """The file is where PyTorch keeps what it has downloaded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    # Many set it for older versions of MMEngine.
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    (tmp_path / 'hub/checkpoints').mkdir(parents=True)
    file = tmp_path / 'hub/checkpoints/strange.pth'
    torch.save({'state_dict': {}, 'meta': Program()}, file)
    urls = dict(strange='https://example.com/strange.pth')
    names = ('torchvision_models', 'external_models', 'mmcls_models')
    for name in names:
        monkeypatch.setattr(
            f'mmengine.runner.checkpoint.get_{name}', lambda: urls
        )
    name = address.format('strange')
    with pytest.raises(ValueError, match='add --trust-checkpoint'):
        CheckpointLoader.load_checkpoint(name)
    assert not os.path.exists('ran')
    assert 'TORCH_FORCE_WEIGHTS_ONLY_LOAD' not in os.environ
    assert os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] == '1'
    torch.save({'state_dict': {'a': torch.ones(1)}}, file)
    assert 'state_dict' in CheckpointLoader.load_checkpoint(name)


def test_what_cannot_be_fetched(tmp_path, monkeypatch, protected):
    """An address that no network has."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    address = 'http://127.0.0.1:9/weights.pth'
    with pytest.raises(ValueError, match='download it by hand') as error:
        CheckpointLoader.load_checkpoint(address)
    assert str(error.value).startswith(f'{address} cannot be fetched (<url')


def test_nothing_of_it_stays_allowed(tmp_path):
    torch.save({'a': HistoryBuffer([1.0], [1])}, tmp_path / 'own.pth')
    read_checkpoint(str(tmp_path / 'own.pth'))
    allowed = torch.serialization.get_safe_globals()
    assert not {HistoryBuffer, ALLOWED[1]} & set(allowed)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'no whole checkpoint'),
        (b'PK\x03\x04 and so on', 'no whole checkpoint'),
        (b'text', 'no whole checkpoint'),
        (None, 'there is no checkpoint'),
    ],
)
def test_broken_files(tmp_path, content, message):
    path = tmp_path / 'a.pth'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        read_checkpoint(str(path))
    assert '\n' not in str(error.value)


def test_no_dict(tmp_path):
    torch.save(torch.ones(2), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='it holds a Tensor'):
        read_checkpoint(str(tmp_path / 'a.pth'))
