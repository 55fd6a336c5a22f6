"""Ranges of settings.

A range is written as in mathematics: ``[0, 1)`` holds 0, but not 1. It counts
for each number of a list.
"""

from collections.abc import Iterator
from numbers import Real
from typing import Any

from mmengine.config import Config

from mmseg_usrn.models.semi import GATE_RULES

from .mistakes import Mistake, do_you_mean, shown
from .places import Place, places
from .signatures import bases, is_of_stack

POSITIVE, NOT_NEGATIVE = '(0, inf)', '[0, inf)'
COUNT, SHARE = '[1, inf)', '[0, 1]'
_SEMI = dict(
    threshold='[0, 1)',
    teacher_momentum='(0, 1)',
    unsup_loss_weight=NOT_NEGATIVE,
    logit_adjustment=NOT_NEGATIVE,
    unsup_downsample=COUNT,
)
_CROP = dict(crop_size=COUNT, cat_max_ratio='(0, 1]')
_TIMES = dict(begin=NOT_NEGATIVE, end=COUNT)
RANGES: dict[str, dict[str, str]] = {
    # models
    'USRN': dict(
        _SEMI,
        num_subclasses='[2, inf)',
        fork_after=NOT_NEGATIVE,
        subclass_loss_weight=NOT_NEGATIVE,
    ),
    'SelfTraining': dict(_SEMI, warmup_iters=NOT_NEGATIVE),
    'BaseDecodeHead': dict(
        num_classes='[2, inf)',
        in_channels=COUNT,
        channels=COUNT,
        dropout_ratio='[0, 1) or -1',
    ),
    'SegDataPreProcessor': dict(std=POSITIVE, size=COUNT, size_divisor=COUNT),
    # when
    'SubclassReclusterHook': dict(
        warmup_iters=NOT_NEGATIVE,
        interval=COUNT,
        num_workers=NOT_NEGATIVE,
        seed=NOT_NEGATIVE,
        subclasses_per_class=NOT_NEGATIVE,
    ),
    'IterBasedTrainLoop': dict(
        max_iters=COUNT, val_interval=COUNT, val_begin=NOT_NEGATIVE
    ),
    'EpochBasedTrainLoop': dict(
        max_epochs=COUNT, val_interval=COUNT, val_begin=NOT_NEGATIVE
    ),
    'LoggerHook': dict(interval=COUNT),
    'CheckpointHook': dict(
        interval='[1, inf) or -1', max_keep_ckpts='[1, inf) or -1'
    ),
    'PseudoLabelVisualizationHook': dict(
        interval='[1, inf) or -1', num_images=COUNT
    ),
    'EMAHook': dict(interval=COUNT, momentum='(0, 1)'),
    'LogProcessor': dict(window_size=COUNT),
    # optimiser
    'Optimizer': dict(
        lr=POSITIVE,
        momentum='[0, 1)',
        weight_decay=NOT_NEGATIVE,
        betas='[0, 1)',
        eps=NOT_NEGATIVE,
    ),
    'OptimWrapper': dict(accumulative_counts=COUNT),
    '_ParamScheduler': _TIMES,
    'PolyParamScheduler': dict(power=POSITIVE, eta_min=NOT_NEGATIVE),
    'CosineAnnealingParamScheduler': dict(eta_min=NOT_NEGATIVE, T_max=COUNT),
    'LinearParamScheduler': dict(start_factor='(0, 1]', end_factor=SHARE),
    'ConstantParamScheduler': dict(factor=SHARE),
    'MultiStepParamScheduler': dict(gamma=POSITIVE, milestones=COUNT),
    'StepParamScheduler': dict(gamma=POSITIVE, step_size=COUNT),
    'ExponentialParamScheduler': dict(gamma=POSITIVE),
    # data
    'PairedDataset': dict(num_unlabeled=COUNT),
    'AddCellMap': dict(stride=COUNT),
    'RandomCrop': _CROP,
    'RandomScaleCrop': dict(_CROP, long_side=COUNT),
    'RandomFlip': dict(prob=SHARE),
    'RandomApply': dict(prob=SHARE),
    'RandomRotate': dict(prob=SHARE),
    'RandomResize': dict(scale=COUNT, ratio_range=POSITIVE),
    'Resize': dict(scale='[1, inf]', scale_factor=POSITIVE),
    'ReflectPad': dict(divisor=COUNT),
    'GaussianBlur': dict(kernel_size=COUNT),
    'ColorJitter': dict(
        brightness=NOT_NEGATIVE,
        contrast=NOT_NEGATIVE,
        saturation=NOT_NEGATIVE,
        hue='[0, 0.5]',
    ),
    'PhotoMetricDistortion': dict(
        brightness_delta=NOT_NEGATIVE,
        contrast_range=NOT_NEGATIVE,
        saturation_range=NOT_NEGATIVE,
        hue_delta=NOT_NEGATIVE,
    ),
    # evaluation
    'IoUMetric': dict(ignore_index='[0, 65535]', beta=POSITIVE),
}
"""Ranges of arguments, by class; subclasses have those of their bases."""

PLAIN: dict[str, dict[str, str]] = {
    'train_dataloader': dict(
        batch_size=COUNT, num_workers=NOT_NEGATIVE, prefetch_factor=COUNT
    ),
    'val_dataloader': dict(batch_size=COUNT, num_workers=NOT_NEGATIVE),
    'test_dataloader': dict(batch_size=COUNT, num_workers=NOT_NEGATIVE),
    'randomness': dict(seed=NOT_NEGATIVE),
    'auto_scale_lr': dict(base_batch_size=COUNT),
    'clip_grad': dict(max_norm=POSITIVE, clip_value=POSITIVE),
    'paramwise_cfg': dict(lr_mult=NOT_NEGATIVE, decay_mult=NOT_NEGATIVE),
    'dist_cfg': dict(timeout=COUNT),
}
"""Ranges in dicts without a type, by the key that they stand under."""

EVERYWHERE = dict(loss_weight=NOT_NEGATIVE)
"""Ranges of arguments of any class that is not of a user's own."""

WHOLE = frozenset(
    (
        *('batch_size', 'num_workers', 'base_batch_size', 'seed'),
        *('num_classes', 'channels'),
    )
)
ORDERED = frozenset(
    ('ratio_range', 'long_side', 'contrast_range', 'saturation_range')
)
LEVELS = (
    *('CRITICAL', 'FATAL', 'ERROR', 'WARNING', 'WARN', 'INFO', 'DEBUG'),
    'NOTSET',
)
CHOICES = dict(USRN=dict(gate=GATE_RULES))
"""Words that an argument takes, by class."""


def range_mistakes(cfg: Config, roots: tuple[str, ...]) -> Iterator[Mistake]:
    """Settings out of their range.

    Args:
        cfg: A whole config.
        roots: Its entries to look at.
    """
    level = cfg.get('log_level', 'INFO')
    if level not in LEVELS and not isinstance(level, int):
        text = f'={shown(level)} is no choice'
        yield Mistake('log_level', text, do_you_mean(str(level), LEVELS))
    for place in places(cfg, roots):
        for key, limits in _ranges_of(place).items():
            value = place.config.get(key)
            why = '' if value is None else _why(key, value, limits)
            if why:
                text = f'={shown(value)} is out of range'
                yield Mistake(place.at(key), text, why)
        for key, words in _named(CHOICES, place).items():
            value = place.config.get(key, words[0])
            if value not in words:
                text = f'={shown(value)} is no choice'
                fix = do_you_mean(str(value), words)
                yield Mistake(place.at(key), text, fix)


def _ranges_of(place: Place) -> dict[str, str]:
    if place.cls is None:
        return PLAIN.get(place.key, {})
    common = EVERYWHERE if is_of_stack(place.cls) else {}
    return {**common, **_named(RANGES, place)}


def _named(table: dict[str, dict], place: Place) -> dict:
    """What a table says of a class and of its bases."""
    found: dict = {}
    for one in reversed(bases(place.cls)):
        if is_of_stack(one):
            found.update(table.get(one.__name__, {}))
    return found


def _why(key: str, value: Any, limits: str) -> str:
    numbers = list(value) if isinstance(value, list | tuple) else [value]
    pairs = [n for n in numbers if isinstance(n, list | tuple)]
    numbers = [n for n in numbers if n not in pairs]
    numbers += [n for pair in pairs for n in pair]
    numbers = [n for n in numbers if n is not None]
    if key in WHOLE and not isinstance(value, int):
        return 'it must be a whole number'
    if not all(
        isinstance(n, Real) and not isinstance(n, bool) for n in numbers
    ):
        return f'it must be numbers in {limits}'
    if not all(is_inside(n, limits) for n in numbers):
        return f'it must be in {limits}'
    if key in ORDERED and numbers != sorted(numbers):
        return 'the smaller number comes first'
    return ''


def is_inside(number: float, limits: str) -> bool:
    """Whether a number is in a range.

    Args:
        number: The number; NaN is outside.
        limits: For example ``'[0, 1)'`` or ``'[0, 1) or -1'``.
    """
    limits, _, other = limits.partition(' or ')
    if other and number == float(other):
        return True
    low, high = (float(text) for text in limits[1:-1].split(','))
    above = number >= low if limits[0] == '[' else number > low
    return above and (number <= high if limits[-1] == ']' else number < high)
