import pytest
import torch

from mmseg_usrn.engine.pretrained import fetch_pretrained


def model_of(path):
    weights = dict(type='Pretrained', checkpoint=path)
    return dict(backbone=dict(type='ResNet', init_cfg=weights))


def test_files_and_models_without_weights(tmp_path):
    torch.save(dict(a=torch.ones(1)), tmp_path / 'w.pth')
    fetch_pretrained(model_of(str(tmp_path / 'w.pth')))
    fetch_pretrained(dict(pretrained=None, decode_head=[dict(type='FCN')]))


@pytest.mark.parametrize('make', [model_of, lambda p: dict(pretrained=p)])
def test_what_is_missing_is_one_sentence(make):
    """F22, with an address that no network has."""
    with pytest.raises(ValueError, match='no file of pretrained weights gone'):
        fetch_pretrained(make('gone.pth'))
    address = 'http://127.0.0.1:9/weights.pth'
    with pytest.raises(ValueError) as error:
        fetch_pretrained(make(address))
    text = str(error.value)
    assert address in text and 'model.pretrained=None' in text
    assert '\n' not in text
