"""Weights that an optimiser meets for the first time within a run."""

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn, optim

from mmseg_usrn.engine.hooks.optimizer_state import reset_optimizer_state

SETTINGS = {
    'SGD': dict(momentum=0.9),
    'RMSprop': dict(momentum=0.9, centered=True),
    'Adagrad': dict(lr_decay=0.1, initial_accumulator_value=0.5),
    'Adam': dict(amsgrad=True),
}
FUSED = ('SGD', 'Adam', 'AdamW', 'Adagrad')  # on a CPU
OTHERS = {
    'Optimizer',  # the base
    'LBFGS',  # needs a closure
    'SparseAdam',  # needs sparse gradients
}
NAMES = sorted(
    name
    for name, value in vars(optim).items()
    if isinstance(value, type) and name not in OTHERS
)
CASES = [
    *((name, {}) for name in NAMES),
    *((name, dict(foreach=True)) for name in NAMES if name != 'Muon'),
    *((name, dict(fused=True)) for name in FUSED),
]


def build(name: str, options: dict, *weights: nn.Parameter) -> OptimWrapper:
    """The optimiser with weights that are one parameter group."""
    settings = {'weight_decay': 0.01, **SETTINGS.get(name, {}), **options}
    if name == 'Rprop':
        del settings['weight_decay']
    kind = getattr(optim, name)
    return OptimWrapper(kind(weights, lr=0.1, **settings))


def step(wrapper: OptimWrapper, weight: nn.Parameter, value: float) -> Tensor:
    """The weight after a step with such gradients of all weights."""
    for group in wrapper.param_groups:
        for each in group['params']:
            each.grad = torch.full_like(each, value)
    wrapper.step()
    return weight.detach().clone()


def two_weights() -> tuple[nn.Parameter, nn.Parameter]:
    torch.manual_seed(0)
    return nn.Parameter(torch.randn(3, 2)), nn.Parameter(torch.randn(3, 2))


@pytest.mark.parametrize(('name', 'options'), CASES)
def test_the_next_steps_are_those_of_a_new_optimiser(name, options):
    kept, own = two_weights()
    wrapper = build(name, options, kept, own)
    for _ in range(5):
        step(wrapper, own, 1.0)
    reset_optimizer_state(wrapper, [own])

    copy = nn.Parameter(own.detach().clone())
    new = build(name, options, copy)
    for value in (0.5, -2.0, 1.0):
        found = step(wrapper, own, value)
        assert torch.equal(found, step(new, copy, value))


@pytest.mark.parametrize(('name', 'options'), CASES)
def test_other_weights_of_the_group_go_on(name, options):
    kept, own = two_weights()
    wrapper = build(name, options, kept, own)
    copy, other = two_weights()
    undisturbed = build(name, options, copy, other)
    for _ in range(5):
        step(wrapper, kept, 1.0)
        step(undisturbed, copy, 1.0)
    reset_optimizer_state(wrapper, [own])
    for value in (0.5, -2.0):
        found = step(wrapper, kept, value)
        assert torch.equal(found, step(undisturbed, copy, value))


@pytest.mark.parametrize('options', [{}, dict(foreach=True), dict(fused=True)])
def test_dampening_applies_to_the_first_gradient(options):
    kept, own = two_weights()
    wrapper = build('SGD', dict(dampening=0.5, **options), kept, own)
    step(wrapper, own, 1.0)
    reset_optimizer_state(wrapper, [own])
    before = own.detach().clone()
    found = step(wrapper, own, 1.0)
    gradient = 0.5 * (1 + 0.01 * before)
    torch.testing.assert_close(found, before - 0.1 * gradient)


def test_weights_that_the_optimiser_does_not_have():
    kept, frozen = two_weights()
    for name in ('SGD', 'AdamW'):
        wrapper = build(name, {}, kept)
        step(wrapper, kept, 1.0)
        reset_optimizer_state(wrapper, [frozen])
        assert frozen not in wrapper.optimizer.state
