"""Backward over one branch of a small graph, then over the other."""

import weakref

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from mmseg_usrn.models.semi import backward_to_trunk, bring_gradients


def layer(inputs, outputs):
    return nn.Sequential(nn.Linear(inputs, outputs), nn.ReLU(inplace=True))


@pytest.fixture
def network():
    """Two layers of a trunk, then one of each branch."""
    torch.manual_seed(0)
    trunk = nn.ModuleList([layer(3, 4), layer(4, 4)])
    return [part.double() for part in (trunk, layer(4, 5), layer(4, 6))]


@pytest.fixture
def x():
    torch.manual_seed(1)
    return torch.randn(7, 3, dtype=torch.float64)


def gradients(network):
    return [p.grad for part in network for p in part.parameters()]


def test_gradients_are_those_of_one_pass(network, x):
    trunk, first, second = network
    out = trunk[1](trunk[0](x))
    (first(out).square().sum() + second(out).square().sum()).backward()
    expected = [g.clone() for g in gradients(network)]
    for grad in gradients(network):
        grad.zero_()
    inner = trunk[0](x)
    out = trunk[1](inner)
    loss = first(out).square().sum()
    waiting = backward_to_trunk(loss, [inner, out], torch.Tensor.backward)
    assert all(not p.grad.any() for p in trunk.parameters())
    assert all(p.grad.any() for p in first.parameters())
    value = bring_gradients(loss.detach(), waiting)
    assert value == loss
    (value + second(out).square().sum()).backward()
    for found, wanted in zip(gradients(network), expected, strict=True):
        assert torch.equal(found, wanted)


def test_scale_of_the_optimiser_wrapper_reaches_all(network, x):
    trunk, first, second = network
    out = trunk[1](trunk[0](x))
    loss = first(out).sum()
    waiting = backward_to_trunk(
        loss, [out], lambda loss: (8 * loss).backward()
    )
    value = bring_gradients(loss.detach(), waiting)
    (8 * (value + second(out).sum())).backward()
    found = [g.clone() for g in gradients(network)]
    for part in network:
        part.zero_grad()
    out = trunk[1](trunk[0](x))
    (first(out).sum() + second(out).sum()).backward()
    for grad, wanted in zip(found, gradients(network), strict=True):
        assert torch.equal(grad, 8 * wanted)


def test_graph_of_the_branch_is_released(network, x):
    trunk, first, _ = network
    out = trunk[1](trunk[0](x))
    hidden = first(out)
    kept = weakref.ref(hidden)
    loss = hidden.square().sum()
    del hidden
    assert kept() is not None
    backward_to_trunk(loss, [out], torch.Tensor.backward)
    del loss
    assert kept() is None


def test_frozen_trunk(network, x):
    trunk, first, _ = network
    trunk.requires_grad_(False)
    out = trunk[1](trunk[0](x))
    loss = first(out).sum()
    assert backward_to_trunk(loss, [out], torch.Tensor.backward) == []
    assert all(p.grad is not None for p in first.parameters())


def test_output_that_the_other_branch_does_not_read(network, x):
    """As an auxiliary head's, beside what the main heads read."""
    trunk, first, second = network
    one, other = trunk[0](x), trunk[1](trunk[0](x))
    (first(one) + first(other)).sum().backward(retain_graph=True)
    second(other).sum().backward()
    expected = [g.clone() for g in gradients(network)]
    for part in network:
        part.zero_grad()
    one, other = trunk[0](x), trunk[1](trunk[0](x))
    loss = (first(one) + first(other)).sum()
    waiting = backward_to_trunk(loss, [one, other], torch.Tensor.backward)
    value = bring_gradients(loss.detach(), waiting)
    (value + second(other).sum()).backward()
    torch.testing.assert_close(gradients(network), expected)


def nested(network, x):
    """A branch that takes an early output beside the last."""
    trunk, first, _ = network
    inner = trunk[0](x)
    out = trunk[1](inner)
    return first(inner + out).sum(), [inner, out]


def checkpointed(network, x):
    trunk, first, _ = network
    out = trunk[1](trunk[0](x))
    return checkpoint(first, out, use_reentrant=True).sum(), [out]


def two_outputs_of_one_node(network, x):
    """One is read as it is, the other after a further layer."""
    trunk, first, _ = network
    one, other = trunk[0](x).chunk(2)
    out = trunk[1](other)
    return first(one).sum() + first(out).sum(), [one, out]


def tied(network, x):
    """A weight of the trunk in the branch."""
    trunk, first, _ = network
    out = trunk[1](trunk[0](x))
    return first(trunk[1](out)).sum(), [out]


def hooked(network, x):
    """A weight whose gradient a hook changes."""
    trunk, first, _ = network
    first[0].weight.register_hook(lambda gradient: 0.5 * gradient)
    out = trunk[1](trunk[0](x))
    return first(out).sum(), [out]


@pytest.mark.parametrize(
    'branch', [nested, checkpointed, two_outputs_of_one_node, tied, hooked]
)
def test_graphs_that_cannot_be_cut_are_left_alone(network, x, branch):
    loss, shared = branch(network, x)
    assert backward_to_trunk(loss, shared, torch.Tensor.backward) is None
    assert all(g is None for g in gradients(network))
    loss.backward()
    trunk, first, _ = network
    assert all(g is not None for g in gradients((trunk, first)))


@pytest.mark.parametrize('requires_grad', [False, True])
def test_branch_with_nothing_to_learn(network, x, requires_grad):
    """Frozen, or after a frozen trunk: the stock's backward pass says so."""
    trunk, first, _ = network
    first.requires_grad_(False)
    trunk.requires_grad_(requires_grad)
    out = trunk[1](trunk[0](x))
    loss = first(out).sum()
    assert backward_to_trunk(loss, [out], torch.Tensor.backward) is None
