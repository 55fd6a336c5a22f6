"""The step with two backward passes against one over the joint loss."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS
from torch import nn

from mmseg_usrn.models import USRN


class Preprocessed(nn.Module):
    """Stands for the preprocessor of a batch in double precision."""

    def forward(self, data, training):
        return data


@pytest.fixture(params=['USRN', 'SelfTraining'])
def model(request, toy_config):
    """A model in double precision after its warm-up, or without any."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    config = deepcopy(toy_config.model)
    config.type = request.param
    if request.param == 'SelfTraining':
        del config['num_subclasses']
    config.threshold = 0.0  # an untrained model is never confident
    model = MODELS.build(config)
    model.init_weights()
    if isinstance(model, USRN):
        model.subclass_table.fill(
            subclass_to_class=torch.arange(4).repeat_interleave(2),
            prototypes=torch.zeros(8, 8),
            prices=torch.zeros(8),
            cells_per_image=torch.full((5,), 48),
            cell_subclass=torch.full((5 * 48,), -1, dtype=torch.int32),
            dominant_subclass=torch.tensor([[0, 2, 4, 6]] * 5),
        )
    return model.double().train()


@pytest.fixture
def data(toy_config, model):
    np.random.seed(0)
    batch = next(iter(Runner.build_dataloader(toy_config.train_dataloader)))
    batch = model.data_preprocessor(batch, training=True)
    batch['inputs'] = {k: v.double() for k, v in batch['inputs'].items()}
    model.data_preprocessor = Preprocessed()
    return batch


def wrapper(model, **settings):
    learned = [p for p in model.parameters() if p.requires_grad]
    # A learning rate of 0: the weights stay, the gradients can be read.
    return OptimWrapper(torch.optim.SGD(learned, lr=0.0), **settings)


def gradients(model):
    return {
        name: parameter.grad
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


def test_gradients_and_log_are_those_of_the_joint_loss(model, data):
    joint = deepcopy(model)
    torch.manual_seed(1)
    loss, expected_log = joint.parse_losses(joint.loss(**data))
    loss.backward()
    optim_wrapper = wrapper(model)
    optim_wrapper.zero_grad = lambda **kwargs: None
    torch.manual_seed(1)
    log = model.train_step(data, optim_wrapper)
    assert list(log) == list(expected_log)
    for name, value in expected_log.items():
        assert torch.equal(log[name], value), name
    for name, expected in gradients(joint).items():
        grad = dict(model.named_parameters())[name].grad
        assert torch.equal(grad, expected), name
    for name, buffer in joint.named_buffers():
        assert torch.equal(dict(model.named_buffers())[name], buffer), name


def test_labeled_graph_is_released_before_the_unlabeled_images(model, data):
    """Its gradients are there when the unlabeled images come."""
    forward = model.loss_by_unlabeled
    seen = []

    def watched(inputs):
        seen.extend(g is not None for g in gradients(model).values())
        return forward(inputs)

    model.loss_by_unlabeled = watched
    model.train_step(data, wrapper(model))
    assert seen and all(seen)


def test_accumulated_gradients_count_a_step_once(model, data):
    optim_wrapper = wrapper(model, accumulative_counts=2)
    steps = []
    optim_wrapper.optimizer.register_step_post_hook(
        lambda *args: steps.append(optim_wrapper.inner_count)
    )
    for _ in range(4):
        model.train_step(data, optim_wrapper)
    assert optim_wrapper.inner_count == 4
    assert steps == [2, 4]


def test_accumulation_scales_both_passes(model, data):
    whole, half = deepcopy(model), deepcopy(model)
    for copy, counts in ((whole, 1), (half, 2)):
        optim_wrapper = wrapper(copy, accumulative_counts=counts)
        optim_wrapper.zero_grad = lambda **kwargs: None
        torch.manual_seed(1)
        copy.train_step(data, optim_wrapper)
    for name, expected in gradients(whole).items():
        assert torch.equal(2 * gradients(half)[name], expected), name
