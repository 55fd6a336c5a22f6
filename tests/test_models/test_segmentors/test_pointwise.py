"""Convolutions of one pixel in a process of one thread."""

import copy

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch.profiler import ProfilerActivity, profile

from mmseg_usrn.models.segmentors.pointwise import pointwise_convolutions
from tests.toy import fill_table


@pytest.fixture
def model(toy_config):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(toy_config.model)
    fill_table(model)
    return model


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def kernels(model, images):
    with profile(activities=[ProfilerActivity.CPU]) as record:
        model.forward_unlabeled(images)
    return {event.key for event in record.key_averages()}


@pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason='needs oneDNN'
)
@pytest.mark.parametrize('part', ['model', 'teacher'])
def test_training_takes_no_slow_convolution(model, part):
    model.train()
    images = torch.rand(2, 3, 64, 64)
    network = model if part == 'model' else model.teacher.module
    assert 'aten::mkldnn_convolution' in kernels(network, images)
    assert not {k for k in kernels(network, images) if 'slow_conv' in k}
    model.eval()
    assert {k for k in kernels(network, images) if 'slow_conv' in k}


def test_same_values_and_gradients(model):
    model.train()
    stock = copy.deepcopy(model)
    stock.eval()
    for module in stock.modules():  # not `train`, which is tested here
        module.training = True
    images = torch.rand(2, 3, 64, 64)
    for network in (model, stock):
        torch.manual_seed(0)  # dropout
        logits = network.forward_unlabeled(images)
        sum(x.square().sum() for x in logits).backward()
    gradients = [
        {n: p.grad for n, p in m.named_parameters() if p.grad is not None}
        for m in (model, stock)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-4)
    assert model.state_dict().keys() == stock.state_dict().keys()


def test_dilation_is_that_of_the_config_in_evaluation(model):
    convolutions = pointwise_convolutions(model)
    assert len(convolutions) > 4
    for mode, expected in ((True, (2, 2)), (False, (1, 1))):
        model.train(mode)
        assert {c.dilation for c in convolutions} == {expected}
    strided = model.backbone.trunk.layer2[0].downsample[0]
    assert strided.stride == (2, 2) and strided not in convolutions
