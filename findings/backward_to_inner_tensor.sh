#!/usr/bin/env bash
# PyTorch 2.12.1: `backward(inputs=[h])` for a tensor in the middle of a graph.
#
# The gradient is to end at h, so the part of the graph before h is expected
# to be left for a later pass. The node that made h is called all the same and
# releases what it has saved, so that a second branch that starts from h can
# not run backward through it any more. `torch.autograd.grad(loss, [h])`
# leaves that node alone.
# Seen: RuntimeError "Trying to backward through the graph a second time" with
# backward(inputs=[h]), the expected gradient with autograd.grad.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.12.1 'numpy<2.3'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch


def branches():
    w = torch.tensor([2.0, 3.0], requires_grad=True)
    h = w * w  # saves w for its backward pass
    return w, h, (5 * h).sum(), (h * h).sum()


w, h, first, second = branches()
first.backward(inputs=[h])
assert h.grad.tolist() == [5, 5] and w.grad is None
try:
    second.backward()
except RuntimeError as error:
    print('backward(inputs=[h]), then the other branch:', str(error)[:55])
    assert 'a second time' in str(error)
else:
    raise SystemExit('backward(inputs=[h]) left the node of h alone')

w, h, first, second = branches()
(waiting,) = torch.autograd.grad(first, [h])
h.register_hook(lambda grad: grad + waiting)
second.backward()
print('autograd.grad, then the other branch:', w.grad.tolist())
assert w.grad.tolist() == [(5 + 2 * v * v) * 2 * v for v in (2.0, 3.0)]
PYTHON
