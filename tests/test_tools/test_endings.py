"""What a user sees when a tool ends early."""

import errno
import runpy
import sys
from pathlib import Path

import pytest
import torch
from mmengine.registry import VISBACKENDS
from mmseg.registry import MODELS
from torch.utils.data import DataLoader, Dataset

from mmseg_usrn.engine import NotFiniteError
from mmseg_usrn.engine.preemption import EXIT_CODE, Preempted, stop_request


@pytest.fixture
def ending(project_root, capsys, monkeypatch):
    """Ends with an error; gives the exit code and what was printed."""
    path = project_root / 'tools' / 'endings.py'
    clear_endings = runpy.run_path(str(path))['clear_endings']

    def end(error, is_training=False):
        monkeypatch.setattr(stop_request, 'is_training', is_training)
        with pytest.raises(SystemExit) as caught, clear_endings():
            raise error
        return caught.value.code, capsys.readouterr().err

    return end


def error_of(action):
    try:
        action()
    except Exception as error:
        return error
    raise AssertionError('no error')


def test_a_mistake_is_one_sentence(ending):
    assert ending(ValueError('gate is wrong')) == (1, 'error: gate is wrong\n')
    missing = FileNotFoundError(2, 'No such file or directory', 'a.png')
    assert "directory: 'a.png'" in ending(missing)[1]


def test_what_the_system_refuses_is_one_sentence(ending, tmp_path):
    """A file where a folder should be."""
    file = tmp_path / 'file'
    file.touch()
    code, text = ending(error_of(file.mkdir))
    assert (code, text) == (1, f"error: File exists: '{file}'\n")
    code, text = ending(error_of((file / 'new').mkdir))
    assert (code, text) == (1, f"error: Not a directory: '{file}/new'\n")


@pytest.mark.parametrize('is_training', [False, True])
def test_what_the_machine_lacks_is_one_sentence(ending, is_training):
    full = OSError(errno.ENOSPC, 'No space left on device')
    expected = (1, 'error: No space left on device\n')
    assert ending(full, is_training) == expected
    memory = torch.cuda.OutOfMemoryError(
        'CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total '
        'capacity of 79.19 GiB'
    )
    code, text = ending(memory, is_training)
    assert code == 1 and len(text.splitlines()) == 1
    assert text.startswith('error: the GPU has too little memory (CUDA out ')
    assert '2.00 GiB)' in text and 'batch_size' in text and '--amp' in text


class Removed(Dataset):
    """An image that was there when the training began."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return Path('gone.png').read_bytes()


def test_a_file_that_a_data_worker_misses_is_one_sentence(ending):
    loader = DataLoader(Removed(), num_workers=1)
    error = error_of(lambda: list(loader))
    expected = "error: No such file or directory: 'gone.png'\n"
    assert ending(error, is_training=True) == (1, expected)


def test_a_backend_whose_package_is_missing_is_one_sentence(
    ending, tmp_path, monkeypatch
):
    """What MMEngine says is passed on."""
    monkeypatch.setitem(sys.modules, 'wandb', None)
    backend = dict(type='WandbVisBackend', save_dir=str(tmp_path))
    built = VISBACKENDS.build(backend)
    code, text = ending(error_of(lambda: built.experiment))
    assert code == 1
    assert text.startswith('error: ') and 'pip install wandb' in text
    assert len(text.splitlines()) == 1


def test_an_import_that_fails_in_the_package_is_a_fault(ending):
    error = error_of(lambda: exec('from mmseg_usrn import nothing'))
    code, text = ending(error)
    assert code == 1
    assert 'Traceback' in text and 'please report it' in text


def test_a_class_that_is_built_names_itself(ending):
    """As some versions of MMEngine put it."""
    where = 'class `FCNHead` in mmseg/models/decode_heads/fcn_head.py: '
    error = AssertionError(f'{where}num_convs is negative')
    assert ending(error) == (1, 'error: FCNHead: num_convs is negative\n')


def test_an_unknown_class_is_one_sentence(ending):
    code, text = ending(error_of(lambda: MODELS.build(dict(type='Nobody'))))
    assert code == 1
    assert text.startswith('error: Nobody is not in ')
    assert 'More details' not in text and len(text.splitlines()) == 1


def test_a_fault_of_ours_shows_where_it_is(ending):
    code, text = ending(IndexError('7'))
    assert code == 1
    assert 'Traceback' in text and 'IndexError: 7' in text
    assert 'not of your settings' in text


def test_what_goes_wrong_in_training_shows_where_it_is(ending):
    code, text = ending(ValueError('shapes'), is_training=True)
    assert code == 1 and 'Traceback' in text


def test_numbers_that_go_bad_are_said_without_a_traceback(ending):
    code, text = ending(NotFiniteError('loss is nan'), is_training=True)
    assert (code, text) == (1, 'error: loss is nan\n')


def test_a_stopped_run_says_try_again_by_its_code(ending):
    assert ending(Preempted()) == (EXIT_CODE, '')
