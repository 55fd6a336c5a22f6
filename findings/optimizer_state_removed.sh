#!/usr/bin/env bash
# PyTorch 2.12.1's optimisers after the state of one weight is removed.
#
# An optimiser fills the state of a weight when it meets it first, so removing
# `optimizer.state[weight]` is expected to let it begin anew with that weight,
# as is wanted where a part of a network gets new values during a training.
# Adam, AdamW, RMSprop, Adagrad and plain SGD do so, the first ones fused, too.
# SGD with fused=True does not: it wants momentum buffers of all weights of a
# group or of none. So does a weight that gets its first gradient later.
# Seen: TypeError for fused SGD with a momentum; all others step.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.12.1 'numpy<2.3'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch


def outcome(name, **settings):
    weights = [torch.nn.Parameter(torch.ones(3)) for _ in range(2)]
    optimizer = getattr(torch.optim, name)(weights, lr=0.1, **settings)
    for step in range(2):
        for weight in weights:
            weight.grad = torch.ones(3)
        if step:
            del optimizer.state[weights[0]]
        try:
            optimizer.step()
        except TypeError as error:
            return type(error).__name__
    assert all((weight < 0.9).all() for weight in weights)
    return 'steps'


for name, settings, expected in (
    ('Adam', dict(), 'steps'),
    ('Adam', dict(fused=True), 'steps'),
    ('AdamW', dict(fused=True), 'steps'),
    ('Adagrad', dict(fused=True), 'steps'),
    ('RMSprop', dict(), 'steps'),
    ('SGD', dict(momentum=0.9), 'steps'),
    ('SGD', dict(momentum=0.9, foreach=True), 'steps'),
    ('SGD', dict(momentum=0.9, fused=True), 'TypeError'),
    ('Adagrad', dict(), 'steps'),
):
    found = outcome(name, **settings)
    print(name, settings, found)
    assert found == expected
PYTHON
