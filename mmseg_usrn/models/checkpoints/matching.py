"""Which weights of a checkpoint a model takes, and which it must take."""

import re
from dataclasses import dataclass, field

from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn

from .stock import CLASS_BRANCH

STOCK_CLASS_BRANCH = ('backbone.', 'neck.', 'decode_head.')
"""Prefixes of the weights that make the prediction of a stock model."""


@dataclass
class Match:
    """How a checkpoint fits a model; the fields hold names of weights.

    Args:
        missing: Of the model, not in the checkpoint.
        unexpected: Of the checkpoint, not in the model.
        resized: In both, but of different sizes.
        prefix: Of the class branch's weights.
        is_none: Whether no weight of the class branch fits.
    """

    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    resized: list[str] = field(default_factory=list)
    prefix: tuple[str, ...] = STOCK_CLASS_BRANCH
    is_none: bool = False

    def lines(self) -> list[str]:
        """What was left out, a line for each kind."""
        kinds = {
            'are not in the checkpoint': self.missing,
            'of the checkpoint are not in the model': self.unexpected,
            'have another size in the checkpoint': self.resized,
        }
        return [
            f'{len(names)} weights {what}, first {names[0]}'
            for what, names in kinds.items()
            if names
        ]

    def check_class_branch(self, path: str) -> None:
        """Refuse a checkpoint that cannot predict.

        Args:
            path: The checkpoint, for the message.

        Raises:
            ValueError: If a weight of the class branch is missing or has
                another size.
        """
        kinds = {'lacks': self.missing, 'has other sizes of': self.resized}
        for what, names in kinds.items():
            own = [name for name in names if name.startswith(self.prefix)]
            if own:
                raise ValueError(
                    f'{path} {what} {len(own)} weights of the class branch, '
                    f'first {own[0]}: it is no checkpoint of the model of '
                    'this config, trained without or with USRN'
                )

    def check_all(self, path: str) -> None:
        """Refuse a checkpoint that does not fit in every weight.

        Args:
            path: The checkpoint, for the message.

        Raises:
            ValueError: If anything was left out.
        """
        if lines := self.lines():
            raise ValueError(
                f'{path} is no checkpoint of this run: {"; ".join(lines)}'
            )


def load_weights(model: nn.Module, checkpoint: dict) -> Match:
    """Give a model the weights of a checkpoint that fit.

    Args:
        model: Any segmentor; it may be wrapped for data parallelism or for
            test time augmentation.
        checkpoint: As :func:`~.reading.read_checkpoint` returns it.

    Returns:
        What was left out.
    """
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    weights = checkpoint.get('state_dict', checkpoint)
    versions = getattr(weights, '_metadata', {})
    match = Match()
    if hasattr(model, 'subclass_table'):
        match.prefix = CLASS_BRANCH
    found = match.missing, match.unexpected, []

    def load(module: nn.Module, weights: dict, prefix: str) -> None:
        version = versions.get(prefix[:-1], {})
        module._load_from_state_dict(weights, prefix, version, True, *found)
        for name, child in module.named_children():
            inner = f'{prefix}{name}.'
            own = {k: v for k, v in weights.items() if k.startswith(inner)}
            load(child, own, inner)

    own = {k.removeprefix('module.'): v for k, v in weights.items()}
    load(model, own, '')
    match.missing = [
        name for name in match.missing if 'num_batches_tracked' not in name
    ]
    for error in found[2]:
        named = re.match(r'size mismatch for (\S+):', error)
        match.resized.append(named[1] if named else error)
    branch = {n for n in model.state_dict() if n.startswith(match.prefix)}
    left_out = {*match.missing, *match.resized}
    match.is_none = not any(
        name not in left_out and 'num_batches_tracked' not in name
        for name in branch
    )
    return match
