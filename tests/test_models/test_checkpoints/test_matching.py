"""Which weights a model takes from a checkpoint."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_usrn.models.checkpoints import load_weights


@pytest.fixture
def build(toy_config):
    """Builds the toy USRN or the stock model of it."""
    init_default_scope('mmseg')

    def build(stock=False, **head):
        cfg = toy_config.model.copy()
        cfg.decode_head = dict(cfg.decode_head, **head)
        if stock:
            cfg.pop('num_subclasses')
            cfg['type'] = 'EncoderDecoder'
        return MODELS.build(cfg)

    return build


def test_own_weights_match(build):
    source, model = build(), build()
    match = load_weights(model, {'state_dict': source.state_dict()})
    match.check_all('a.pth')
    weights = model.state_dict()
    for name, weight in source.state_dict().items():
        assert torch.equal(weights[name], weight), name


def test_stock_weights_make_the_class_branch(build):
    source, model = build(stock=True), build()
    match = load_weights(model, source.state_dict())
    match.check_class_branch('a.pth')
    (line,) = match.lines()
    assert 'weights are not in the checkpoint, first decode_head.sub' in line
    with pytest.raises(ValueError, match='a.pth is no checkpoint of this run'):
        match.check_all('a.pth')


def test_other_classes(build):
    source, model = build(num_classes=5), build()
    match = load_weights(model, source.state_dict())
    with pytest.raises(ValueError, match='other sizes of 2 .*class_head.conv'):
        match.check_class_branch('a.pth')
    assert len(match.lines()) == 1


def test_a_usrn_is_no_stock_model(build):
    match = load_weights(build(stock=True), build().state_dict())
    with pytest.raises(ValueError, match='lacks .* first backbone'):
        match.check_class_branch('a.pth')
