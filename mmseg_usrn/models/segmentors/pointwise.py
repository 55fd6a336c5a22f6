"""Convolutions of one pixel on a CPU, in processes of one thread."""

from torch import nn


def pointwise_convolutions(model: nn.Module) -> list[nn.Conv2d]:
    """Convolutions of a model that see one pixel at a time, each once.

    They have a dilation of 1, or of 2 by :func:`use_onednn`.
    """
    return [
        m
        for m in model.modules()
        if isinstance(m, nn.Conv2d)
        and m.kernel_size == m.stride == (1, 1)
        and m.padding == (0, 0)
        and m.dilation in ((1, 1), (2, 2))
    ]


def use_onednn(convolutions: list[nn.Conv2d], use: bool) -> None:
    """Let them run by oneDNN whatever the number of threads, or as by default.

    In a process of one thread, such as each of several on a CPU, PyTorch
    computes those of small batches by products of matrices, which takes up to
    twice as long on some processors (docs/speed.md). A dilation, of which a
    kernel of one pixel takes no notice, keeps it from that. Results differ by
    rounding.

    Args:
        convolutions: From :func:`pointwise_convolutions`.
        use: Whether they shall.
    """
    for convolution in convolutions:
        convolution.dilation = (2, 2) if use else (1, 1)
