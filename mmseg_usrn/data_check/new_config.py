"""The config that ``tools/new_dataset.py`` writes for own images."""

import os
from pathlib import Path

from mmengine.config import Config
from mmengine.hub import get_config

from .report import DataReport
from .suggestions import Suggestion

BASES = (
    '_base_/datasets/folder.py',
    '_base_/schedules/sgd_40k.py',
    '_base_/default_runtime.py',
)
LINE_LENGTH = 79

TEMPLATE = """\
# {counts}; {num_classes} classes.
# Written by tools/new_dataset.py; see docs/own_data.md.
_base_ = [
{bases}]
# The masks hold the {note}.
{settings}
# What follows is the same for all own images.
resize = dict(_base_.resize, scale=scale)
labeled_pipeline = [
    load_image,
    *_base_.load_labeled[1:],
    resize,
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    *_base_.end_labeled,
]
unlabeled_pipeline = [
    load_image,
    resize,
    dict(type='RandomCrop', crop_size=crop_size),
    *_base_.end_unlabeled,
]
test_pipeline = [
    load_image,
    dict(type='Resize', scale=scale, keep_ratio=True),
    *_base_.end_test,
]
data_preprocessor = dict(size=crop_size)
model = dict(type='USRN', data_preprocessor=data_preprocessor, **heads)
train_dataloader = dict(
    dataset=dict(
        labeled=dict(**labels, **labeled, pipeline=labeled_pipeline),
        unlabeled=dict(**unlabeled, pipeline=unlabeled_pipeline),
        feature_pipeline=test_pipeline,
    )
)
{validation}"""
VALIDATION = """\
val_dataloader = dict(dataset=dict(**labels, **val, pipeline=test_pipeline))
test_dataloader = val_dataloader
"""
NO_VALIDATION = """\
# Without validation images there is nothing to measure.
val_cfg = val_dataloader = val_evaluator = None
test_cfg = test_dataloader = test_evaluator = None
default_hooks = dict(checkpoint=dict(save_best=None))
"""


def config_text(
    model: str,
    configs: Path,
    out: Path,
    meta: dict,
    parts: dict[str, dict],
    suggestion: Suggestion,
    report: DataReport,
) -> str:
    """Fill in the template.

    Args:
        model: Config of an MMSeg model, a path or ``mmseg::...``.
        configs: The folder of this project's configs.
        out: Where the config is going to stand.
        meta: ``classes`` and perhaps ``palette``.
        parts: Settings of the datasets.
        suggestion: Settings that suit the data.
        report: The check of the data.

    Returns:
        The whole config as Python text.
    """
    num_classes = len(meta['classes'])
    load_image = dict(type='LoadImageFromFile')
    if suggestion.max_value:
        load_image = dict(type='LoadDeepImage', max_value=suggestion.max_value)
    settings = dict(
        labels=dict(metainfo=meta, **suggestion.labels),
        **parts,
        load_image=load_image,
        scale=suggestion.scale,
        crop_size=suggestion.crop_size,
    )
    bases = find_bases(model, configs, out.resolve().parent)
    counts = ', '.join(f'{n} {part}' for part, n in report.counts.items())
    return TEMPLATE.format(
        counts=f'{counts} images',
        num_classes=num_classes,
        bases=''.join(f'    {base!r},\n' for base in bases),
        note=suggestion.note,
        settings=as_lines(settings, '', '\n') + heads_text(model, num_classes),
        validation=VALIDATION if 'val' in parts else NO_VALIDATION,
    )


def find_bases(model: str, configs: Path, folder: Path) -> list[str]:
    """Paths of the inherited configs, as seen from the folder of the new."""
    if '::' not in model:
        model = Path(os.path.relpath(model, folder)).as_posix()
    bases = [configs / base for base in BASES]
    if folder.is_relative_to(configs.parent):
        bases = [Path(os.path.relpath(base, folder)) for base in bases]
    return [model, *(base.as_posix() for base in bases)]


def as_lines(settings: dict, pad: str = '', end: str = ',\n') -> str:
    """Settings as Python text, one a line, long ones broken up."""
    lines = ''
    equals = '=' if pad else ' = '
    for key, value in settings.items():
        line = f'{pad}{key}{equals}{as_text(value)}'
        if len(line) >= LINE_LENGTH and isinstance(value, dict):
            inside = as_lines(value, pad + ' ' * 4)
            line = f'{pad}{key}{equals}dict(\n{inside}{pad})'
        elif len(line) >= LINE_LENGTH and isinstance(value, (list, tuple)):
            items = ''.join(f'{pad}    {item!r},\n' for item in value)
            line = f'{pad}{key}{equals}[\n{items}{pad}]'
        lines += line + end
    return lines


def as_text(value: object) -> str:
    """A value as config text: ``dict(key=value)`` where that is possible."""
    if isinstance(value, dict) and all(isinstance(k, str) for k in value):
        inside = ', '.join(f'{k}={as_text(v)}' for k, v in value.items())
        return f'dict({inside})'
    return repr(value)


def heads_text(model: str, num_classes: int) -> str:
    """The variable ``heads``: the number of classes of every head."""
    read = get_config if '::' in model else Config.fromfile
    config = read(model).model
    lines = ''
    for name in ('decode_head', 'auxiliary_head'):
        head = config.get(name)
        if isinstance(head, (list, tuple)):
            lines += (
                f'    {name}=[\n'
                f'        dict(head, num_classes={num_classes})\n'
                f'        for head in _base_.model.{name}\n'
                '    ],\n'
            )
        elif head:
            lines += f'    {name}=dict(num_classes={num_classes}),\n'
    return f'heads = dict(\n{lines})\n'
