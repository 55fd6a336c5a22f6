"""The trunk computes, the fork goes on from its shared stages."""

from copy import deepcopy

import pytest
import torch
from mmseg.registry import MODELS

from mmseg_usrn.models.backbones import (
    FORK_RULES,
    ForkedBackbone,
    shared_modules,
)


def forward_branches(backbone, x):
    try:
        return backbone.forward_trunk(x), backbone.forward_fork(x)
    finally:
        backbone.forget_shared()


def build(config, fork_after=1) -> ForkedBackbone:
    """Random weights; the fork is a copy of the trunk's later stages."""
    torch.manual_seed(0)
    backbone = ForkedBackbone(deepcopy(config), fork_after)
    backbone.init_weights()
    shake(backbone.trunk)
    backbone.reset_fork()
    return backbone


def shake(module) -> None:
    """Move all weights, also those that start at 0 and hide what follows."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))


def images(size=64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(2, 3, size, size, generator=generator)


def last_fork(backbone) -> int:
    rules = [
        FORK_RULES[cls.__name__]
        for cls in type(backbone).__mro__
        if cls.__name__ in FORK_RULES
    ]
    return rules[0][1](backbone) - 1


def fork_points(config) -> list[int]:
    """First, second and last possible fork."""
    last = last_fork(MODELS.build(deepcopy(config)))
    return sorted({1, min(2, last), last})


def assert_equal(ours, theirs) -> None:
    assert len(ours) == len(theirs)
    for mine, other in zip(flat(ours), flat(theirs), strict=True):
        assert torch.equal(mine, other)


def flat(features) -> list[torch.Tensor]:
    if isinstance(features, torch.Tensor):
        return [features]
    return [t for part in features for t in flat(part)]


def energy(features) -> torch.Tensor:
    return sum(feature.square().mean() for feature in flat(features))


def with_gradient(module) -> set[str]:
    return {
        name
        for name, parameter in module.named_parameters()
        if parameter.grad is not None
    }


def test_every_rule_has_a_family(families):
    classes = {
        cls.__name__
        for config in families.values()
        for cls in MODELS.get(config['type']).__mro__
    }
    assert set(FORK_RULES) <= classes


def test_fork_continues_from_the_shared_stages(config):
    x = images()
    for fork_after in fork_points(config):
        backbone = build(config, fork_after).eval()
        shared = shared_modules(backbone.trunk, fork_after)
        calls = count_calls(backbone, shared)
        with torch.no_grad():
            expected = backbone.trunk(x)
            once = dict(calls)
            feats, subclass_feats = forward_branches(backbone, x)
        assert_equal(feats, expected)
        assert_equal(subclass_feats, expected)
        # No shared stage is computed a second time, or has weights.
        assert calls == {name: 2 * once[name] for name in once}
        names = backbone.fork.state_dict()
        assert names
        assert set(names) <= set(backbone.trunk.state_dict())
        assert not [n for n in names if n.startswith(prefixes(shared))]
        # The branches part: other weights in the fork, other features.
        shake(backbone.fork)
        with torch.no_grad():
            feats, subclass_feats = forward_branches(backbone, x)
        assert_equal(feats, expected)
        assert not torch.equal(flat(subclass_feats)[-1], flat(expected)[-1])


def count_calls(backbone, shared) -> dict[str, int]:
    calls = dict.fromkeys(shared, 0)

    def count(name):
        def hook(*_):
            calls[name] += 1

        return hook

    for name in shared:
        module = backbone.trunk.get_submodule(name)
        module.register_forward_pre_hook(count(name))
    return calls


def prefixes(names) -> tuple[str, ...]:
    return tuple(f'{name}.' for name in names)


def test_gradients_reach_both_kinds_of_stages(config):
    x = images()
    for fork_after in {1, fork_points(config)[-1]}:
        backbone = build(config, fork_after).train()
        shared = prefixes(shared_modules(backbone.trunk, fork_after))
        stock = deepcopy(backbone.trunk)
        energy(stock(x)).backward()
        expected = with_gradient(stock)
        _, subclass_feats = forward_branches(backbone, x)
        energy(subclass_feats).backward()
        own = set(dict(backbone.fork.named_parameters()))
        assert with_gradient(backbone.fork) == expected & own
        in_trunk = with_gradient(backbone.trunk)
        embeddings = set(dict(stock.named_parameters(recurse=False)))
        assert in_trunk - embeddings == {
            name for name in expected if name.startswith(shared)
        }
        assert embeddings & expected <= in_trunk


@pytest.mark.parametrize('fork_after', [0, 1, None])
def test_sharing_nothing_or_everything(some_config, fork_after):
    backbone = build(some_config, fork_after).eval()
    x = images()
    with torch.no_grad():
        feats, subclass_feats = forward_branches(backbone, x)
        assert_equal(subclass_feats, feats)
        assert_equal(backbone(x), feats)
    if fork_after is None:
        assert backbone.fork is None
    if fork_after == 0:
        assert set(backbone.fork.state_dict()) == set(
            backbone.trunk.state_dict()
        )


def test_nothing_is_kept_after_the_pass(some_config):
    backbone = build(some_config)
    forward_branches(backbone, images())
    assert not backbone._outputs
    assert not any(m._forward_hooks for m in backbone.trunk.modules())


def test_nothing_is_kept_after_an_error(families):
    backbone = build(families['resnet'])
    del backbone.trunk.layer3
    with pytest.raises(AttributeError):
        backbone.forward_trunk(images())
    assert backbone.shared_outputs()
    backbone.forget_shared()
    assert not backbone.shared_outputs()
    assert not any(m._forward_hooks for m in backbone.trunk.modules())


def test_copies_stand_alone(some_config):
    backbone = build(some_config).eval()
    x = images()
    with torch.no_grad():
        before = forward_branches(backbone, x)
        copied = deepcopy(backbone)
        assert_equal(forward_branches(copied, x), before)
        shake(copied)
        copied.reset_fork()
        changed = forward_branches(copied, x)
        assert_equal(changed[0], changed[1])
        assert not torch.equal(flat(changed)[-1], flat(before)[-1])
        assert_equal(forward_branches(backbone, x), before)


def test_frozen_stages_and_norm_eval(families):
    config = dict(families['resnet'], frozen_stages=2, norm_eval=True)
    backbone = build(config).train()
    fork = backbone.fork
    assert not any(p.requires_grad for p in fork.layer2.parameters())
    assert all(p.requires_grad for p in fork.layer3.parameters())
    assert not any(p.requires_grad for p in backbone.trunk.conv1.parameters())
    norms = [m for m in fork.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms
    assert not any(norm.training for norm in norms)
    assert fork.layer3.training
    backbone.eval()
    assert not fork.layer3.training
    assert not any(m.training for m in backbone.modules())
    energy(forward_branches(backbone, images())).backward()


@pytest.mark.parametrize(
    'family',
    ['resnet', 'hrnet', 'swin', 'mit', 'vit', 'convnext', 'unet', 'cgnet'],
)
def test_checkpointed_stages(family, families):
    """with_cp computes the same gradients."""
    config, x = families[family], images()
    gradients = []
    for with_cp in (False, True):
        backbone = build(dict(config, with_cp=with_cp)).train()
        modules = backbone.trunk.modules()
        assert with_cp == any(getattr(m, 'with_cp', False) for m in modules)
        energy(forward_branches(backbone, x.requires_grad_())).backward()
        gradients.append({n: p.grad for n, p in backbone.named_parameters()})
    plain, checkpointed = gradients
    assert plain.keys() == checkpointed.keys()
    for name, gradient in plain.items():
        torch.testing.assert_close(
            checkpointed[name], gradient, msg=lambda m, n=name: f'{n}: {m}'
        )


def test_embeddings_are_no_weights_of_the_fork(families):
    """One weight under two names would be in two groups of an optimizer."""
    backbone = build(families['vit'])
    names = [name for name in backbone.state_dict() if 'pos_embed' in name]
    assert names == ['trunk.pos_embed']
    parameters = list(backbone.parameters())
    assert len(parameters) == len({id(p) for p in parameters})
    named = dict(backbone.named_parameters(remove_duplicate=False))
    assert len(named) == len(parameters)


def test_fork_starts_as_a_copy_of_the_trunk(families):
    backbone = ForkedBackbone(families['resnet'])
    backbone.init_weights()
    weights = backbone.trunk.state_dict()
    for name, value in backbone.fork.state_dict().items():
        assert torch.equal(value, weights[name])
        assert value.data_ptr() != weights[name].data_ptr()


@pytest.mark.parametrize(
    ('family', 'fork_after', 'message'),
    [
        ('resnet', 4, 'has 4 stages .* choose a smaller fork_after, or None'),
        ('vit', 4, 'has 4 stages'),
        ('resnet', -1, 'fork_after must be >= 0 or None, got -1'),
        ('vgg', 1, 'VGG has no fork rule.*fork_after=None.*fork_after=0'),
    ],
)
def test_refusals(families, family, fork_after, message):
    families['vgg'] = dict(type='mmpretrain.VGG', depth=11)
    with pytest.raises(ValueError, match=message):
        ForkedBackbone(families[family], fork_after)


@pytest.mark.parametrize('fork_after', [0, None])
def test_families_without_a_rule_share_nothing_or_everything(fork_after):
    config = dict(type='mmpretrain.VGG', depth=11, out_indices=(3,))
    backbone = ForkedBackbone(config, fork_after).eval()
    with torch.no_grad():
        feats, subclass_feats = forward_branches(backbone, images(32))
    assert_equal(subclass_feats, feats)
