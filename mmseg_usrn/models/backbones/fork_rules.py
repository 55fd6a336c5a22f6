"""Where the backbones of MMSeg and MMPretrain can be forked.

A rule names the modules of the first ``n`` stages, those that the class and
the subclass branch share. Everything that feeds the fork must be named, in
the way ``Module.get_submodule`` reads names; a ``ModuleList`` stands for its
members. A path of its own beside the shared stages (the spatial path of
BiSeNetV1) may be left out: each branch then has one. To support another
family, add a rule below.
"""

from collections.abc import Callable
from typing import Any

from torch import nn

Backbone = Any  # A module; each rule knows the attributes of its family.
Rule = Callable[[Backbone, int], list[str]]


def _resnet(backbone: Backbone, stages: int) -> list[str]:
    if backbone.deep_stem:
        stem = ['stem']
    else:
        stem = ['conv1', backbone.norm1_name, 'relu']
    return [*stem, 'maxpool', *backbone.res_layers[:stages]]


def _mobilenet_v2(backbone: Backbone, stages: int) -> list[str]:
    # Stages as those of a ResNet, which end at strides 4, 8, 16 and 32.
    ends = (2, 3, 5, len(backbone.layers))
    return ['conv1', *backbone.layers[: ends[stages - 1]]]


def _mobilenet_v3(backbone: Backbone, stages: int) -> list[str]:
    return backbone.layers[:stages]


def _mit(backbone: Backbone, stages: int) -> list[str]:
    return [f'layers.{i}' for i in range(stages)]


def _swin(backbone: Backbone, stages: int) -> list[str]:
    norms = [f'norm{i}' for i in range(stages) if i in backbone.out_indices]
    # Not the stages themselves: MMPretrain calls their downsampling apart.
    names = [f'stages.{i}.blocks' for i in range(stages)]
    names += [
        f'stages.{i}.downsample'
        for i in range(stages)
        if backbone.stages[i].downsample is not None
    ]
    return ['patch_embed', 'drop_after_pos', *names, *norms]


def _convnext(backbone: Backbone, stages: int) -> list[str]:
    norms = [f'norm{i}' for i in range(stages) if i in backbone.out_indices]
    names = [
        f'{part}.{i}'
        for i in range(stages)
        for part in ('downsample_layers', 'stages')
    ]
    return [*names, *norms]


def _poolformer(backbone: Backbone, stages: int) -> list[str]:
    # The stages have the even places, the embeddings between them the odd.
    places = range(2 * stages - 1)
    norms = [f'norm{i}' for i in places if i in backbone.out_indices]
    return ['patch_embed', *(f'network.{i}' for i in places), *norms]


def _twins(backbone: Backbone, stages: int) -> list[str]:
    parts = [
        'patch_embeds',
        'position_encoding_drops',
        'layers',
        'position_encodings',
    ]
    if backbone.norm_after_stage:
        parts.append('norm_list')
    return [f'{part}.{i}' for i in range(stages) for part in parts]


def _mscan(backbone: Backbone, stages: int) -> list[str]:
    return [
        f'{part}{i + 1}'
        for i in range(stages)
        for part in ('patch_embed', 'block', 'norm')
    ]


def _hrnet(backbone: Backbone, stages: int) -> list[str]:
    stem = ['conv1', backbone.norm1_name, 'conv2', backbone.norm2_name]
    names = [
        name
        for i in range(1, stages)
        for name in (f'transition{i}', f'stage{i + 1}')
    ]
    return [*stem, 'relu', 'layer1', *names]


def _vit(backbone: Backbone, stages: int) -> list[str]:
    stem = ['patch_embed', 'drop_after_pos', 'pre_ln', 'pre_norm']
    stem = [
        name
        for name in stem
        if isinstance(getattr(backbone, name, None), nn.Module)
    ]
    return [*stem, *(f'layers.{i}' for i in range(stages))]


def _unet(backbone: Backbone, stages: int) -> list[str]:
    return [f'encoder.{i}' for i in range(stages)]


def _erfnet(backbone: Backbone, stages: int) -> list[str]:
    # Stage 1 ends at stride 4, before the third downsampler.
    downsamplers = [
        i
        for i, block in enumerate(backbone.encoder)
        if type(block).__name__ == 'DownsamplerBlock'
    ]
    ends = [*downsamplers[2:], len(backbone.encoder)]
    return [f'encoder.{i}' for i in range(ends[stages - 1])]


def _cgnet(backbone: Backbone, stages: int) -> list[str]:
    names = ['inject_2x', 'inject_4x', 'stem', 'norm_prelu_0']
    return [*names, 'level1', 'norm_prelu_1'] if stages == 2 else names


def _fast_scnn(backbone: Backbone, stages: int) -> list[str]:
    return ['learning_to_downsample', 'global_feature_extractor'][:stages]


def _icnet(backbone: Backbone, stages: int) -> list[str]:
    return _inside('backbone', _resnet(backbone.backbone, stages))


def _bisenet_v1(backbone: Backbone, stages: int) -> list[str]:
    context = backbone.context_path.backbone
    return _inside('context_path.backbone', _resnet(context, stages))


def _bisenet_v2(backbone: Backbone, stages: int) -> list[str]:
    # Stages end at strides 4, 8, 16; the detail branch has none beyond 8.
    detail = len(backbone.detail.detail_branch)
    return [
        *(f'detail.detail_branch.{i}' for i in range(min(stages + 1, detail))),
        *(f'semantic.stage{i + 1}' for i in range(stages)),
    ]


def _stdc(backbone: Backbone, stages: int) -> list[str]:
    # Stages end at strides 4, 8, 16 and 32; the first has two members.
    return [f'stages.{i}' for i in range(stages + 1)]


def _stdc_context(backbone: Backbone, stages: int) -> list[str]:
    return _inside('backbone', _stdc(backbone.backbone, stages))


def _stem(backbone: Backbone, stages: int) -> list[str]:
    return ['stem']


def _inside(parent: str, names: list[str]) -> list[str]:
    return [f'{parent}.{name}' for name in names]


FORK_RULES: dict[str, tuple[Rule, Callable[[Backbone], int]]] = {
    'ResNet': (_resnet, lambda b: len(b.res_layers)),
    'MobileNetV2': (_mobilenet_v2, lambda b: 4),
    'MobileNetV3': (_mobilenet_v3, lambda b: len(b.layers)),
    'MixVisionTransformer': (_mit, lambda b: len(b.layers)),
    'SwinTransformer': (_swin, lambda b: len(b.stages)),
    'ConvNeXt': (_convnext, lambda b: len(b.stages)),
    'PoolFormer': (_poolformer, lambda b: (len(b.network) + 1) // 2),
    'PCPVT': (_twins, lambda b: len(b.layers)),
    'MSCAN': (_mscan, lambda b: b.num_stages),
    'HRNet': (_hrnet, lambda b: 4),
    'VisionTransformer': (_vit, lambda b: len(b.layers)),
    'BEiT': (_vit, lambda b: len(b.layers)),
    'UNet': (_unet, lambda b: len(b.encoder) + 1),
    'ERFNet': (_erfnet, lambda b: 3),
    'CGNet': (_cgnet, lambda b: 3),
    'FastSCNN': (_fast_scnn, lambda b: 3),
    'ICNet': (_icnet, lambda b: len(b.backbone.res_layers)),
    'BiSeNetV1': (_bisenet_v1, lambda b: 4),
    'BiSeNetV2': (_bisenet_v2, lambda b: len(b.semantic_channels)),
    'STDCNet': (_stdc, lambda b: len(b.stages) - 1),
    'STDCContextPathNet': (_stdc_context, lambda b: 4),
    'DDRNet': (_stem, lambda b: 2),
    'PIDNet': (_stem, lambda b: 2),
}
"""Rule and number of stages by class name; subclasses inherit the rule.

The backbone can be forked after any stage but the last. A stage of a plain
transformer (ViT, BEiT, MAE) or of MobileNetV3 is one of its blocks; the last
stage of UNet and ERFNet is the decoder.
"""


def shared_modules(backbone: nn.Module, stages: int) -> list[str]:
    """Names of the callable modules that run before the fork.

    Args:
        backbone: A built backbone.
        stages: Number of shared stages, at least 1. A stage of a plain
            transformer (ViT) is one block.

    Returns:
        Names for ``backbone.get_submodule``, none a ``ModuleList``.

    Raises:
        ValueError: If the family has no rule or fewer stages.
    """
    for cls in type(backbone).__mro__:
        if cls.__name__ in FORK_RULES:
            rule, count = FORK_RULES[cls.__name__]
            break
    else:
        raise ValueError(
            f'{type(backbone).__name__} has no fork rule, so it cannot be '
            f'forked after stage {stages}: set fork_after=None to share the '
            'whole backbone, fork_after=0 to share nothing, or add a rule '
            'to mmseg_usrn/models/backbones/fork_rules.py'
        )
    if stages >= count(backbone):
        raise ValueError(
            f'{type(backbone).__name__} has {count(backbone)} stages and '
            f'cannot be forked after stage {stages}: choose a smaller '
            'fork_after, or None to share the whole backbone'
        )
    names = []
    for name in rule(backbone, stages):
        names.extend(_callable_parts(backbone.get_submodule(name), name))
    return names


def _callable_parts(module: nn.Module, name: str) -> list[str]:
    if not isinstance(module, nn.ModuleList):
        return [name]
    return [
        part
        for i, child in enumerate(module)
        if child is not None
        for part in _callable_parts(child, f'{name}.{i}')
    ]
