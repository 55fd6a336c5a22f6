"""Weights of the original USRN code, and the same weights in this package.

The original names its modules ``encoder.backbone``, ``encoder.aspp``,
``encoder.decoder`` and ``classifier``; those of the subclass branch end in
``_aux`` (backbone stages) or ``_SubCls`` (the rest). Two kinds of networks
exist: ``baseline`` (class branch alone; a stock ``EncoderDecoder`` here) and
``usrn`` (both branches).

Letters: ``K`` classes, ``S`` subclasses.
"""

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mmseg_usrn.structures import SubclassTable

from .stock import TRAINING_ONLY

StateDict = Mapping[str, Tensor]

BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
"""Bottlenecks in each stage, by the depth of the ResNet."""

# Original name of a module -> its name in DeepLabV3PlusHead, where '{s}'
# stands for '' or '_SubCls'.
_HEAD_MODULES = {
    **{
        f'encoder.aspp{{s}}.aspp{i + 1}.{theirs}': f'aspp_modules.{i}.{ours}'
        for i in range(4)
        for theirs, ours in (('atrous_conv', 'conv'), ('bn', 'bn'))
    },
    'encoder.aspp{s}.global_avg_pool.1': 'image_pool.1.conv',
    'encoder.aspp{s}.global_avg_pool.2': 'image_pool.1.bn',
    'encoder.aspp{s}.conv1': 'bottleneck.conv',
    'encoder.aspp{s}.bn1': 'bottleneck.bn',
    'encoder.decoder{s}.conv1': 'c1_bottleneck.conv',
    'encoder.decoder{s}.bn1': 'c1_bottleneck.bn',
    'encoder.decoder{s}.last_conv.0': 'decoder.0.conv',
    'encoder.decoder{s}.last_conv.1': 'decoder.0.bn',
    'encoder.decoder{s}.last_conv.4': 'decoder.2.conv',
    'encoder.decoder{s}.last_conv.5': 'decoder.2.bn',
    'classifier{s}.1': 'conv_seg',
}
_NORM = (
    'weight',
    'bias',
    'running_mean',
    'running_var',
    'num_batches_tracked',
)
_NUM_ASPP_BRANCHES = 5


def _tensors_of(module: str) -> tuple[str, ...]:
    """Names of a module's tensors, told from the module's name here."""
    if module.endswith('conv_seg'):
        return ('weight', 'bias')
    is_norm = re.search(r'(bn\d?|downsample\.1)$', module)
    return _NORM if is_norm else ('weight',)


def _stage_modules(depth: int, stages: Sequence[int]) -> list[str]:
    """Names of the modules in some stages, e.g. ``layer1.0.conv2``."""
    modules = []
    for stage in stages:
        for block in range(BLOCKS[depth][stage - 1]):
            parts = [f'{m}{i}' for i in (1, 2, 3) for m in ('conv', 'bn')]
            if block == 0:
                parts += ['downsample.0', 'downsample.1']
            modules += [f'layer{stage}.{block}.{part}' for part in parts]
    return modules


def key_table(depth: int, kind: str) -> dict[str, str]:
    """List every tensor of a network under both names.

    Args:
        depth: Of the ResNet, 50 or 101.
        kind: ``'usrn'`` or ``'baseline'``.

    Returns:
        Name in the original -> name in this package.
    """
    is_usrn = kind == 'usrn'
    trunk = 'backbone.trunk.' if is_usrn else 'backbone.'
    head = 'decode_head.class_head.' if is_usrn else 'decode_head.'
    modules = {
        f'encoder.backbone.{name}': trunk + name
        for name in ['conv1', 'bn1', *_stage_modules(depth, (1, 2, 3, 4))]
    }
    for theirs, ours in _HEAD_MODULES.items():
        modules[theirs.format(s='')] = head + ours
    if is_usrn:
        for name in _stage_modules(depth, (2, 3, 4)):
            theirs = re.sub(r'^(layer\d)', r'\1_aux', name)
            modules[f'encoder.backbone.{theirs}'] = f'backbone.fork.{name}'
        for theirs, ours in _HEAD_MODULES.items():
            theirs = theirs.format(s='_SubCls')
            modules[theirs] = f'decode_head.subclass_head.{ours}'
    return {
        f'{theirs}.{tensor}': f'{ours}.{tensor}'
        for theirs, ours in modules.items()
        for tensor in _tensors_of(ours)
    }


def describe(state_dict: StateDict) -> tuple[int, str]:
    """Tell depth and kind of a network from its keys, under either name.

    Args:
        state_dict: Weights without the ``module.`` prefix.

    Returns:
        The ResNet's depth and ``'usrn'`` or ``'baseline'``.
    """
    deep = any(re.search(r'\blayer3\.22\.', key) for key in state_dict)
    forked = re.compile(r'_aux\.|_SubCls\.|\bfork\.|\bsubclass_head\.')
    is_usrn = any(forked.search(key) for key in state_dict)
    return 101 if deep else 50, 'usrn' if is_usrn else 'baseline'


def without_ddp_prefix(state_dict: StateDict) -> dict[str, Tensor]:
    """Remove the ``module.`` that DDP puts before every key."""
    return {
        key.removeprefix('module.'): value for key, value in state_dict.items()
    }


def from_reference(
    state_dict: StateDict, subclasses_per_class: Sequence[int] | None = None
) -> dict[str, Tensor]:
    """Rename and reorder the original's weights for this package.

    Args:
        state_dict: The original's, with or without ``module.``.
        subclasses_per_class: ``K`` integers of sum ``S``, the list that the
            weights were trained with; its ids are consecutive, class 0
            first. Needed for ``usrn`` weights only.

    Returns:
        Weights of :class:`USRN` or :class:`EncoderDecoder` with
        :class:`DeepLabV3PlusHead`; they load strictly.

    Raises:
        ValueError: If tensors are missing or unknown, or the list does not
            fit them.
    """
    state_dict = without_ddp_prefix(state_dict)
    table = key_table(*describe(state_dict))
    _check_keys(state_dict, table, "the original USRN code's network")
    converted = {
        ours: _move_pooled(ours, state_dict[theirs], to_front=True)
        for theirs, ours in table.items()
    }
    if 'decode_head.subclass_head.conv_seg.weight' in converted:
        subclasses = _subclass_table(converted, subclasses_per_class)
        for name, value in subclasses.state_dict().items():
            converted[f'subclass_table.{name}'] = value
    return converted


def to_reference(state_dict: StateDict) -> dict[str, Tensor]:
    """Rename and reorder this package's weights for the original.

    The original wants the subclasses of a class to have consecutive ids,
    class 0 first; the subclass classifier is sorted accordingly.

    Args:
        state_dict: Weights as :func:`from_reference` returns them, or of
            a trained model; a teacher is left out.

    Returns:
        The original's weights, without ``module.``.

    Raises:
        ValueError: If tensors are missing or unknown, or an output of the
            subclass branch belongs to no class.
    """
    state_dict = without_ddp_prefix(state_dict)
    weights = {
        key: value
        for key, value in state_dict.items()
        if not key.startswith(TRAINING_ONLY)
    }
    table = key_table(*describe(weights))
    named = {ours: theirs for theirs, ours in table.items()}
    _check_keys(weights, named, 'USRN with DeepLabV3PlusHead on a ResNet')
    converted = {
        theirs: _move_pooled(ours, weights[ours], to_front=False)
        for ours, theirs in named.items()
    }
    parents = state_dict.get('subclass_table.subclass_to_class')
    if parents is not None:
        if bool((parents < 0).any()):
            raise ValueError(
                'the checkpoint has subclass outputs without a class: the '
                'subclasses were never clustered, or more were built than '
                'used; the original code has no such outputs'
            )
        order = torch.argsort(parents, stable=True)
        for tensor in ('weight', 'bias'):
            key = f'classifier_SubCls.1.{tensor}'
            converted[key] = converted[key][order]
    return converted


def _move_pooled(our_key: str, value: Tensor, to_front: bool) -> Tensor:
    """Move the pooled branch's columns, where there are such.

    The original concatenates the pooled branch after the four convolutions
    of the ASPP, MMSeg before them.
    """
    if not our_key.endswith('head.bottleneck.conv.weight'):
        return value
    channels = value.shape[1] // _NUM_ASPP_BRANCHES
    return torch.roll(value, channels if to_front else -channels, dims=1)


def _check_keys(
    state_dict: StateDict, expected: Mapping[str, str], what: str
) -> None:
    """Refuse weights that are not exactly those expected."""
    problems = []
    for title, keys in (
        ('missing', expected.keys() - state_dict.keys()),
        ('unknown', state_dict.keys() - expected.keys()),
    ):
        if keys:
            shown = sorted(keys)[:20]
            more = len(keys) - len(shown)
            problems.append(
                f'{len(keys)} tensors {title}: {", ".join(shown)}'
                + (f', and {more} more' if more else '')
            )
    if problems:
        raise ValueError(
            f'the weights do not fit {what} ({len(expected)} tensors). '
            + '; '.join(problems)
        )


def _subclass_table(
    converted: StateDict, subclasses_per_class: Sequence[int] | None
) -> SubclassTable:
    """Table of a network whose subclass ids are consecutive per class."""
    num_classes = len(converted['decode_head.class_head.conv_seg.bias'])
    num_subclasses = len(converted['decode_head.subclass_head.conv_seg.bias'])
    counts = list(subclasses_per_class or [])
    if len(counts) != num_classes or sum(counts) != num_subclasses:
        raise ValueError(
            f'the weights have {num_classes} classes and {num_subclasses} '
            f'subclasses, but the list of subclasses per class has '
            f'{len(counts)} entries of sum {sum(counts)}; give the list that '
            'the weights were trained with'
        )
    table = SubclassTable(num_classes, num_subclasses)
    table.subclass_to_class = torch.repeat_interleave(
        torch.arange(num_classes), torch.tensor(counts)
    )
    return table
