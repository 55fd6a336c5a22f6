#!/usr/bin/env bash
# MMEngine 0.10.12's optimiser with paramwise_cfg: a group for every parameter.
#
# One rate for the backbone and another for the rest are two settings, so two
# parameter groups are expected. There are as many as parameters, and a fused
# or foreach optimiser of PyTorch works group by group: with fused=True the
# kernel that is to update all tensors in one call is called once for each.
# Seen with a model of 8 parameters: 8 groups and 8 calls of _fused_adamw_,
# without paramwise_cfg 1 and 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onedl-mmengine==0.10.12 torch==2.12.1 \
    'numpy<2.3' 'setuptools<81'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch
from mmengine.optim import build_optim_wrapper
from torch.profiler import profile

for paramwise in (dict(custom_keys={'backbone': dict(lr_mult=0.1)}), None):
    model = torch.nn.ModuleDict(
        {
            'backbone': torch.nn.Sequential(
                *(torch.nn.Linear(3, 3) for _ in range(3))
            ),
            'head': torch.nn.Linear(3, 3),
        }
    )
    wrapper = build_optim_wrapper(
        model,
        dict(
            type='OptimWrapper',
            optimizer=dict(type='AdamW', lr=0.1, fused=True),
            paramwise_cfg=paramwise,
        ),
    )
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    with profile() as steps:
        wrapper.optimizer.step()
    calls = {e.key: e.count for e in steps.key_averages()}
    groups = wrapper.optimizer.param_groups
    print(f'{paramwise}: {len(groups)} groups, '
          f'{calls["aten::_fused_adamw_"]} calls')
    expected = 8 if paramwise else 1
    assert len(groups) == calls['aten::_fused_adamw_'] == expected
    assert len({(g['lr'], g['weight_decay']) for g in groups}) == (
        2 if paramwise else 1
    )
PYTHON
