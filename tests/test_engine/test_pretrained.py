import pytest
import torch
from mmengine.runner import CheckpointLoader

from mmseg_usrn.engine.pretrained import fetch_pretrained
from mmseg_usrn.models.checkpoints import protect_loading


def model_of(path):
    weights = dict(type='Pretrained', checkpoint=path)
    return dict(backbone=dict(type='ResNet', init_cfg=weights))


def test_files_and_models_without_weights(tmp_path):
    torch.save(dict(a=torch.ones(1)), tmp_path / 'w.pth')
    fetch_pretrained(model_of(str(tmp_path / 'w.pth')))
    fetch_pretrained(dict(pretrained=None, decode_head=[dict(type='FCN')]))


def test_files_below_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    torch.save(dict(a=torch.ones(1)), tmp_path / 'w.pth')
    model = model_of('~/w.pth')
    fetch_pretrained(model)
    model['backbone']['init_cfg']['prefix'] = 'a'
    fetch_pretrained(model)


@pytest.mark.parametrize(
    ('make', 'switch', 'setting'),
    [
        (
            model_of,
            'model.backbone.init_cfg',
            'model.backbone.init_cfg.checkpoint',
        ),
        (
            lambda path: dict(pretrained=path),
            'model.pretrained',
            'model.pretrained',
        ),
    ],
)
def test_what_is_missing_is_one_sentence(make, switch, setting):
    """F22, with an address that no network has."""
    with pytest.raises(ValueError, match='no file of pretrained weights gone'):
        fetch_pretrained(make('gone.pth'))
    address = 'http://127.0.0.1:9/weights.pth'
    with pytest.raises(ValueError) as error:
        fetch_pretrained(make(address))
    text = str(error.value)
    assert address in text and f'set {switch}=None' in text
    assert f'--cfg-options {setting}=FILE' in text
    assert '\n' not in text


def test_a_network_is_spoken_of_once(monkeypatch, tmp_path):
    """Where the loading is protected, as in a run."""
    monkeypatch.setattr(
        CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes)
    )
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    protect_loading()
    address = 'http://127.0.0.1:9/weights.pth'
    with pytest.raises(ValueError, match=r'cannot be loaded \(<url') as error:
        fetch_pretrained(model_of(address))
    assert str(error.value).count(address) == 1


def test_file_without_the_names_that_are_asked_for(tmp_path):
    """The published DINOv2 file, not converted."""
    path = str(tmp_path / 'w.pth')
    model = model_of(path)
    model['backbone']['init_cfg']['prefix'] = 'backbone.'
    torch.save({'cls_token': torch.ones(1)}, path)
    with pytest.raises(ValueError) as error:
        fetch_pretrained(model)
    text = str(error.value)
    assert 'no weights of the names backbone.' in text
    assert 'cls_token' in text and 'tools/model_converters/' in text
    torch.save({'state_dict': {'backbone.cls_token': torch.ones(1)}}, path)
    fetch_pretrained(model)
