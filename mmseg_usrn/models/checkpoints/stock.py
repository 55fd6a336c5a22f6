"""Stock models in the config and the checkpoint of a semi-supervised one."""

from collections.abc import Collection
from inspect import getmro, signature

import torch
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS

STOCK_TO_USRN = {
    'backbone.': ('backbone.trunk.', 'backbone.fork.'),
    'neck.': ('neck.', 'subclass_neck.'),
    'decode_head.': ('decode_head.class_head.',),
}
"""Prefixes of a stock ``EncoderDecoder`` and where they go in ``USRN``.

The class branch comes first; what else stands there is the part of the
subclass branch that starts as a copy of it.
"""

STOCK_TO_BRANCHES = {
    **STOCK_TO_USRN,
    'decode_head.': ('decode_head.class_head.', 'decode_head.subclass_head.'),
}
"""The same, with all that a part of the stock model became."""

CLASS_BRANCH = tuple(first for first, *_ in STOCK_TO_USRN.values())
"""Prefixes of the weights that make the prediction."""


def rename_stock_keys(
    state_dict: dict, own_keys: Collection[str], prefix: str = ''
) -> None:
    """Rename the weights of a stock model to those of a USRN, in place.

    State dicts of a USRN are left as they are.

    Args:
        state_dict: Weights by name.
        own_keys: Names of the weights that the USRN has.
        prefix: What stands before all names in ``state_dict``.
    """
    if any(key.startswith(f'{prefix}backbone.trunk.') for key in state_dict):
        return
    for key in list(state_dict):
        name = key.removeprefix(prefix)
        for stock, (first, *others) in STOCK_TO_USRN.items():
            if not name.startswith(stock):
                continue
            weight = state_dict.pop(key)
            rest = name.removeprefix(stock)
            state_dict[prefix + first + rest] = weight
            for other in others:
                if other + rest in own_keys:
                    state_dict[prefix + other + rest] = weight


def add_branch_keys(paramwise_cfg: dict | None) -> None:
    """Give settings for stock weights to those of a USRN, in place.

    Args:
        paramwise_cfg: Of an optimiser wrapper. In its ``custom_keys``
            ``backbone.layer4`` becomes ``backbone.trunk.layer4`` and
            ``backbone.fork.layer4``, ``decode_head.conv_seg`` the class
            head's and the subclass head's. What these have already stays.
    """
    keys = (paramwise_cfg or {}).get('custom_keys') or {}
    for key in list(keys):
        for stock, prefixes in STOCK_TO_BRANCHES.items():
            if key.startswith(stock) and not key.startswith(prefixes):
                settings = keys.pop(key)
                for prefix in prefixes:
                    keys.setdefault(prefix + key.removeprefix(stock), settings)


TEACHER = 'teacher.module.'
"""Prefix of the averaged model."""

TRAINING_ONLY = ('subclass_table.', 'teacher.', 'logit_adjustment.')
"""Prefixes of what only the training needs."""


def add_teacher_keys(
    state_dict: dict, own_keys: Collection[str], prefix: str = ''
) -> None:
    """Let a teacher that the checkpoint lacks start as the student, in place.

    Args:
        state_dict: Weights by name, those of the student among them.
        own_keys: Names of the weights that the model has.
        prefix: What stands before all names in ``state_dict``.
    """
    steps = f'{prefix}teacher.steps'
    if 'teacher.steps' not in own_keys or steps in state_dict:
        return
    state_dict[steps] = torch.tensor(0)
    for key in own_keys:
        student = prefix + key.removeprefix(TEACHER)
        if key.startswith(TEACHER) and student in state_dict:
            state_dict[prefix + key] = state_dict[student]


def stock_state_dict(state_dict: dict) -> dict:
    """Weights of the class branch under the names of the stock model.

    Args:
        state_dict: Weights of a :class:`USRN`, of another segmentor of this
            package or of a stock model.
    """
    state_dict = {
        name: weight
        for name, weight in state_dict.items()
        if not name.startswith(TRAINING_ONLY)
    }
    if not any(name.startswith('backbone.trunk.') for name in state_dict):
        return state_dict
    renamed = {
        f'{stock}{name.removeprefix(first)}': weight
        for stock, (first, *_) in STOCK_TO_USRN.items()
        for name, weight in state_dict.items()
        if name.startswith(first)
    }
    heads = {
        name: weight
        for name, weight in state_dict.items()
        if name.startswith('auxiliary_head.')
    }
    return {**renamed, **heads}


def stock_model(model: dict) -> dict:
    """The model's config as one of a stock ``EncoderDecoder``.

    Args:
        model: Config of a segmentor of this package, or of a stock one.
    """
    kind = model['type']
    segmentor = MODELS.get(kind) if isinstance(kind, str) else kind
    own = {
        name
        for cls in getmro(segmentor)
        if cls is not EncoderDecoder and issubclass(cls, EncoderDecoder)
        for name in signature(cls).parameters
    } - signature(EncoderDecoder).parameters.keys()
    kept = {name: value for name, value in model.items() if name not in own}
    return {**kept, 'type': EncoderDecoder.__name__}
