"""Networks that take images with channels last."""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

KNOWN_PARTS = {
    'MobileNetV2',
    'InvertedResidual',
    'ForkedBackbone',
    '_Replay',
    'DualHead',
    'FCNHead',
    'DepthwiseSeparableFCNHead',
    'ASPPHead',
    'ASPPModule',
    'DepthwiseSeparableASPPHead',
    'DepthwiseSeparableASPPModule',
    'DeepLabV3PlusHead',
    'SegformerHead',
    'PSPHead',
    'PPM',
    'UPerHead',
    'ConvModule',
    'DepthwiseSeparableConvModule',
    'CrossEntropyLoss',
    'ValidPixelCrossEntropyLoss',
}
"""Classes that work in any memory format and gain by channels last.

ResNet is not among them: no gain was measured.
"""
NARROW = 16
"""Channels below which PyTorch is not relied on."""
OUTSIDE = (nn.GroupNorm, nn.LayerNorm, nn.MultiheadAttention)
"""Layers of PyTorch that do not, or gain nothing."""


def use_channels_last(*parts: nn.Module) -> bool:
    """Prepare a network for images with channels last, if it takes them.

    Args:
        *parts: Backbone, neck and heads.

    Returns:
        Whether it does.
    """
    if not takes_channels_last(*parts):
        return False
    for module in (m for part in parts for m in part.modules()):
        if any(isinstance(m, nn.AdaptiveAvgPool2d) for m in module.children()):
            module.register_forward_hook(_keep_channels_last)
    return True


def takes_channels_last(*parts: nn.Module) -> bool:
    """Whether all layers are known to work with channels last.

    PyTorch 2.12 crashes in the backward pass of some other networks
    (PoolFormer, DeepLabV3+ of 8 channels), and heads may reshape what they
    get (DMNet).

    Args:
        *parts: Backbone, neck and heads.
    """
    return all(_is_known(m) for part in parts for m in part.modules())


def _is_known(module: nn.Module) -> bool:
    own = type(module)
    package = own.__module__.split('.')[0]
    # Also MMEngine's SyncBN, which becomes the ordinary one on a CPU.
    if isinstance(module, _BatchNorm):
        return module.num_features >= NARROW
    if package == 'torch':
        return not isinstance(module, OUTSIDE)
    return (
        package in ('mmcv', 'mmseg', 'mmseg_usrn')
        and own.__name__ in KNOWN_PARTS
    )


def _keep_channels_last(
    module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor
) -> Tensor:
    """Restore what batch norm forgets of a map of one pixel.

    Its channels are up-sampled and put beside others, and the maps of the
    whole decoder follow.
    """
    last = torch.channels_last
    channels, *size = output.shape[1:]
    if size != [1, 1] or not inputs[0].is_contiguous(memory_format=last):
        return output
    return output.contiguous().as_strided(
        output.shape, (channels, 1, channels, channels)
    )
