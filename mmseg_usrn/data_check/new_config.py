"""The config that ``tools/new_dataset.py`` writes for own images."""

import os.path as osp
from copy import deepcopy
from dataclasses import dataclass
from inspect import signature
from pathlib import Path

from mmengine.config import ConfigDict
from mmengine.hub import get_config
from mmseg.registry import MODELS

from mmseg_usrn.config_file import read_config
from mmseg_usrn.datasets.image_files import as_list, name_some

from .own_data import OwnData
from .suggestions import Suggestion

LINE_LENGTH = 79
PATHS = ('img_path', 'seg_map_path')
STD = 50.0  # of images that have no colours

TEMPLATE = """\
# {counts} images; {num_classes} classes.
# Written by tools/new_dataset.py; see docs/own_data.md.
_base_ = [
{bases}]
# {note}
{settings}
# What follows is the same for all own images.
resize = dict(_base_.resize, scale=scale)
labeled_pipeline = [
    load_image,
    *_base_.load_labeled[1:],
    resize,
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    {end_labeled},
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
model = dict(type='USRN', data_preprocessor=data_preprocessor, **network)
train_dataloader = dict(
{loader}    dataset=dict(
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
# Without validation images there is nothing to measure. The test part is for
# programs that want one: it predicts the unlabeled images.
val_cfg = val_dataloader = val_evaluator = None
default_hooks = dict(checkpoint=dict(save_best=None))
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='UnlabeledDataset',
        **unlabeled,
        pipeline=[*test_pipeline[:-2], dict(type='PackSegInputs')],
    )
)
test_evaluator = dict(format_only=True, output_dir='work_dirs/predictions')
"""
COLORS = '*_base_.end_labeled'
NO_COLORS = """\
*(  # the others change colours
        step
        for step in _base_.end_labeled
        if step['type'] != 'PhotoMetricDistortion'
    )"""


@dataclass
class Network:
    """The model and the schedule of a new config.

    Attributes:
        model: Config of an MMSeg model, a path or ``mmseg::...``.
        schedule: Config of the schedule, below the folder of configs; None
            if the model's has one.
        weights: File of the backbone's weights; those of the model if None.
        batch_size: Labeled images of the global batch; that of the base if
            None.
    """

    model: str
    schedule: str | None = '_base_/schedules/sgd_40k.py'
    weights: str | None = None
    batch_size: int | None = None


class Code(str):
    """Text that stands in a config as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def config_text(data: OwnData, network: Network, configs: Path) -> str:
    """Fill in the template.

    Args:
        data: What the images turned out to be.
        network: The model and the schedule.
        configs: The folder of this project's configs.

    Returns:
        The whole config as Python text.

    Raises:
        ValueError: If the model is no config of a model alone.
    """
    suggestion, batch = data.suggestion, network.batch_size
    counts = data.report.counts.items()
    settings = dict(
        **data_settings(data),
        load_image=suggestion.load_image,
        scale=suggestion.scale,
        crop_size=suggestion.crop_size,
        data_preprocessor=preprocessor_settings(suggestion),
        network=network_settings(network, data),
    )
    if batch:
        settings['auto_scale_lr'] = dict(base_batch_size=batch)
    bases = [
        (configs / '_base_/datasets/folder.py').as_posix(),
        network.model,
        *(
            [(configs / network.schedule).as_posix()]
            if network.schedule
            else []
        ),
        (configs / '_base_/default_runtime.py').as_posix(),
    ]
    return TEMPLATE.format(
        counts=', '.join(f'{n} {part}' for part, n in counts),
        num_classes=len(data.meta['classes']),
        bases=''.join(f'    {base!r},\n' for base in bases),
        note=f'The masks: {suggestion.note}.',
        settings=as_lines(settings),
        end_labeled=NO_COLORS if suggestion.bands else COLORS,
        loader=f'    batch_size={batch},\n    num_workers=2,\n'
        if batch
        else '',
        validation=VALIDATION if 'val' in data.parts else NO_VALIDATION,
    )


def data_settings(data: OwnData) -> dict:
    """Settings of the datasets, relative to the folder that has all of them.

    Args:
        data: What the images turned out to be.
    """
    parts = deepcopy(data.parts)
    paths = [
        path
        for settings in parts.values()
        for key in PATHS
        for path in as_list(settings['data_prefix'].get(key))
    ]
    root = osp.commonpath(paths)
    if root in paths:
        root = osp.dirname(root)
    for name, settings in parts.items():
        for key, value in settings['data_prefix'].items():
            one = isinstance(value, str)
            short = [osp.relpath(path, root) for path in as_list(value)]
            settings['data_prefix'][key] = short[0] if one else short
        parts[name] = dict(data_root=Code('data_root'), **settings)
    labels = dict(metainfo=data.meta, **data.suggestion.labels)
    return dict(data_root=root, labels=labels, **parts)


def preprocessor_settings(suggestion: Suggestion) -> dict:
    """Settings of the data preprocessor."""
    settings: dict = dict(size=Code('crop_size'))
    if suggestion.bands:  # MMEngine takes one mean for all, or three
        mean = round(suggestion.mean, 2)
        settings.update(mean=[mean], std=[STD], bgr_to_rgb=False)
    return settings


def network_settings(network: Network, data: OwnData) -> dict:
    """Settings of the model: number of classes and bands, weights.

    Args:
        network: The model.
        data: What the images turned out to be.

    Raises:
        ValueError: If the model is no config of a model alone, or takes
            images of three bands only.
    """
    num_classes, bands = len(data.meta['classes']), data.suggestion.bands
    model = read_model(network.model)
    settings, backbone = {}, {}
    if network.weights:
        settings['pretrained'] = None
        backbone['init_cfg'] = dict(
            type='Pretrained', checkpoint=osp.abspath(network.weights)
        )
    if bands:
        kind = model.backbone.type
        if 'in_channels' not in signature(MODELS.get(kind)).parameters:
            raise ValueError(
                f'the images have {bands} bands, and {kind} takes three: '
                'choose three with --bands, or another --model'
            )
        backbone['in_channels'] = bands
    if backbone:
        settings['backbone'] = backbone
    for name in ('decode_head', 'auxiliary_head'):
        head = model.get(name)
        if isinstance(head, (list, tuple)):
            settings[name] = Code(
                f'[dict(h, num_classes={num_classes}) '
                f'for h in _base_.model.{name}]'
            )
        elif head:
            settings[name] = dict(num_classes=num_classes)
    return settings


def read_model(model: str) -> ConfigDict:
    """Read the config of a model.

    Args:
        model: A path or ``mmseg::...``.

    Raises:
        ValueError: If it cannot be read, or sets more than a model.
    """
    try:
        cfg = get_config(model) if '::' in model else read_config(model)
    except OSError:
        raise ValueError(f'there is no config {model}') from None
    if 'model' not in cfg or 'train_dataloader' in cfg:
        raise ValueError(
            f'--model takes the config of a model alone, such as mmseg::_base_'
            f'/models/segformer_mit-b0.py; {model} sets '
            f'{name_some(cfg.keys())}'
        )
    return cfg.model


def as_lines(settings: dict, pad: str = '') -> str:
    """Settings as Python text, one a line, long ones broken up."""
    lines = ''
    equals, end = ('=', ',\n') if pad else (' = ', '\n')
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
    if isinstance(value, dict) and all(
        isinstance(k, str) and k.isidentifier() for k in value
    ):
        inside = ', '.join(f'{k}={as_text(v)}' for k, v in value.items())
        return f'dict({inside})'
    return repr(value)
