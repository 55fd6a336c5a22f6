"""Networks that take images with channels last."""

from torch import nn

KNOWN_PARTS = {
    'ResNet',
    'ResNetV1c',
    'ResNetV1d',
    'ResLayer',
    'BasicBlock',
    'Bottleneck',
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
"""Classes whose forward methods work in any memory format."""
OUTSIDE = (nn.GroupNorm, nn.LayerNorm, nn.MultiheadAttention)
"""Layers of PyTorch that do not, or gain nothing."""


def takes_channels_last(*parts: nn.Module) -> bool:
    """Whether all layers are known to work with channels last.

    PyTorch 2.12 crashes in the backward pass of some other networks
    (PoolFormer), and heads may reshape what they get (DMNet).

    Args:
        *parts: Backbone, neck and heads.
    """
    return all(_is_known(m) for part in parts for m in part.modules())


def _is_known(module: nn.Module) -> bool:
    own = type(module)
    package = own.__module__.split('.')[0]
    if package == 'torch':
        return not isinstance(module, OUTSIDE)
    return (
        package in ('mmcv', 'mmseg', 'mmseg_usrn')
        and own.__name__ in KNOWN_PARTS
    )
