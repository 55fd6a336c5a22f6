"""Tests of the optimiser with few parameter groups."""

from argparse import ArgumentParser
from copy import deepcopy

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmseg.registry import MODELS
from torch import nn

from mmseg_usrn.engine.run_config import add_common_arguments, load_config

PARAMWISE = dict(custom_keys={'0.0': dict(lr_mult=0.1)})


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)),
        nn.Conv2d(4, 2, 1),
    ).double()


def built(model, constructor, paramwise=PARAMWISE, **optimizer):
    return build_optim_wrapper(
        model,
        dict(
            type='OptimWrapper',
            constructor=constructor,
            optimizer=dict(optimizer),
            paramwise_cfg=paramwise,
        ),
    )


def test_a_group_for_every_setting():
    groups = built(
        network(),
        'GroupedOptimWrapperConstructor',
        dict(PARAMWISE, norm_decay_mult=0.0),
        **dict(type='SGD', lr=0.1, weight_decay=0.5),
    ).optimizer.param_groups
    assert [
        (len(g['params']), g['lr'], g['weight_decay']) for g in groups
    ] == [
        (2, pytest.approx(0.01), 0.5),
        (2, 0.1, 0.0),
        (2, 0.1, 0.5),
    ]


def test_a_setting_may_be_a_list():
    groups = built(
        network(),
        'GroupedOptimWrapperConstructor',
        dict(custom_keys={'0.0': dict(betas=[0.5, 0.9])}),
        **dict(type='AdamW', lr=0.1),
    ).optimizer.param_groups
    assert [(len(g['params']), list(g['betas'])) for g in groups] == [
        (2, [0.5, 0.9]),
        (4, [0.9, 0.999]),
    ]


@pytest.mark.parametrize(
    'optimizer',
    [
        dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.1),
        dict(type='SGD', lr=0.1, momentum=0.9, fused=True),
        dict(type='AdamW', lr=0.1, weight_decay=0.1, fused=True),
    ],
)
def test_updates_are_those_of_mmengine(optimizer):
    """The last layer learns later, as the subclass branch does."""
    model = network()
    other = deepcopy(model)
    ours = built(model, 'GroupedOptimWrapperConstructor', **optimizer)
    stock = built(other, 'DefaultOptimWrapperConstructor', **optimizer)
    for whole in (False, True, True):
        images = torch.randn(2, 3, 5, 5, dtype=torch.double)
        for net, wrapper in ((model, ours), (other, stock)):
            outputs = net(images) if whole else net[0](images)
            wrapper.update_params(outputs.square().mean())
    for own, theirs in zip(
        model.parameters(), other.parameters(), strict=True
    ):
        assert torch.equal(own, theirs)


def test_stock_names_of_weights_set_both_branches(toy_config, tmp_path):
    """A stock config's rates count for the same weights in a USRN."""
    toy_config.optim_wrapper.paramwise_cfg = dict(
        custom_keys={
            'backbone.layer4': dict(lr_mult=0.1),
            'decode_head.conv_seg': dict(lr_mult=10.0),
        }
    )
    toy_config.dump(tmp_path / 'toy.py')
    parser = ArgumentParser()
    add_common_arguments(parser)
    args = parser.parse_args([str(tmp_path / 'toy.py')])
    rates = {}
    for baseline in (True, False):
        cfg = load_config(args, baseline=baseline)
        model = MODELS.build(cfg.model)
        wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        base = cfg.optim_wrapper.optimizer.lr
        rates[baseline] = [
            sum(
                p.numel()
                for group in wrapper.optimizer.param_groups
                for p in group['params']
                if group['lr'] == pytest.approx(share * base)
            )
            for share in (0.1, 10.0)
        ]
    assert rates[True][0] and rates[True][1]
    assert rates[False][0] >= 2 * rates[True][0]
    assert rates[False][1] > 2 * rates[True][1]
