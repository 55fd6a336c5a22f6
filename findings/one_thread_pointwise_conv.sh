#!/usr/bin/env bash
# PyTorch 2.12.1 on a CPU: another implementation of 1x1 convolutions in a
# process of one thread.
#
# Float32 convolutions of a batch go to oneDNN, so one is expected to take as
# many times longer in one thread as there were threads. With one thread, which
# torchrun gives each of several processes by default, kernels of one pixel
# with stride 1 leave oneDNN for `_slow_conv2d`, products of matrices by BLAS.
# A dilation of 2, which means nothing to one pixel, or a batch of 16 brings
# oneDNN back. How much slower the other one is depends on the processor.
# Seen with a (2, 64, 32, 32) batch: _slow_conv2d_forward with one thread;
# mkldnn_convolution with two threads, with dilation 2, with 16 images, and
# with a kernel of 3x3.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.12.1 'numpy<2.3'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch
from torch.profiler import profile


def implementation(threads, images, side, dilation):
    torch.set_num_threads(threads)
    convolution = torch.nn.Conv2d(64, 64, side, dilation=dilation)
    with profile() as record:
        convolution(torch.rand(images, 64, 32, 32))
    names = {event.key for event in record.key_averages()}
    known = {'aten::_slow_conv2d_forward', 'aten::mkldnn_convolution'}
    (name,) = names & known
    return name


slow, onednn = 'aten::_slow_conv2d_forward', 'aten::mkldnn_convolution'
for settings, expected in {
    (1, 2, 1, 1): slow,
    (2, 2, 1, 1): onednn,
    (1, 2, 1, 2): onednn,
    (1, 16, 1, 1): onednn,
    (1, 2, 3, 1): onednn,
}.items():
    found = implementation(*settings)
    print('threads %d, images %d, kernel %d, dilation %d:' % settings, found)
    assert found == expected, (settings, found)
x = torch.rand(2, 64, 32, 32)
convolution = torch.nn.Conv2d(64, 64, 1)
expected = convolution(x)
convolution.dilation = (2, 2)
torch.testing.assert_close(convolution(x), expected)
PYTHON
