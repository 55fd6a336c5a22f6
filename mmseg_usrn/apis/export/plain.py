"""Export to a plain MMSegmentation config and checkpoint."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import torch
from mmcv.transforms import LoadAnnotations
from mmengine.config import Config
from mmengine.registry import Registry
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import DATASETS, MODELS, TRANSFORMS

from mmseg_usrn.engine.config_checks.listing import (
    as_dicts,
    innermost_datasets,
)

from ..predict import image_steps

PACKAGE = __name__.partition('.')[0]
KEPT = (
    'env_cfg',
    'vis_backends',
    'visualizer',
    'log_processor',
    'log_level',
    'test_cfg',
)
"""Keys of the config that do not depend on how the model was trained."""
DEFAULTS = dict(
    env_cfg=dict(cudnn_benchmark=False),
    vis_backends=[dict(type='LocalVisBackend')],
    visualizer=dict(
        type='SegLocalVisualizer',
        vis_backends=[dict(type='LocalVisBackend')],
        name='visualizer',
    ),
    test_cfg=dict(type='TestLoop'),
)


def write_plain(model: EncoderDecoder, config: Path, weights: Path) -> None:
    """Write a model for environments without this package.

    ``MMSegInferencer(config, weights)`` and MMSeg's ``tools/test.py`` take
    the files; the latter when the folders of the images are filled in.

    Args:
        model: As of :func:`build_class_branch`.
        config: File of the config; it inherits nothing.
        weights: File of the checkpoint.

    Raises:
        ValueError: If the model or the loading of its images needs this
            package.
    """
    plain = plain_config(model)
    state = {
        name: weight
        for name, weight in model.state_dict().items()
        if not name.startswith('auxiliary_head.')
    }
    meta = dict(dataset_meta=model.dataset_meta)
    torch.save(dict(state_dict=state, meta=meta), weights)
    plain.dump(config)


def plain_config(model: EncoderDecoder) -> Config:
    """The config of a stock model, with its test alone.

    Args:
        model: As of :func:`build_class_branch`.

    Raises:
        ValueError: If something in it is registered by this package and has
            no stock counterpart.
    """
    cfg = model.cfg
    imports = cfg.get('custom_imports', {}).get('imports') or []
    imports = [imports] if isinstance(imports, str) else imports
    others = [name for name in imports if name.split('.')[0] != PACKAGE]
    plain: dict = dict(default_scope='mmseg')
    if others:
        plain['custom_imports'] = dict(imports=others)
    plain['model'] = _plain_model(cfg.model)
    plain.update(_plain_test(cfg, model.dataset_meta))
    for key in KEPT:
        value = cfg.get(key) or DEFAULTS.get(key)
        if value:
            plain[key] = deepcopy(value)
    return Config(plain)


def _plain_model(model: dict) -> dict:
    """The model without auxiliary heads and paths of pretrained weights."""
    model = deepcopy(model)
    for key in ('auxiliary_head', 'train_cfg'):
        model.pop(key, None)
    model['pretrained'] = None
    model['backbone'].pop('init_cfg', None)
    for losses in _losses(model['decode_head']):
        if _is_own(MODELS, losses['type']):
            losses['type'] = 'CrossEntropyLoss'
    _refuse_own(MODELS, model, 'the model has')
    return model


def _losses(head: dict) -> list[dict]:
    losses = head.get('loss_decode') or []
    return list(losses) if isinstance(losses, list | tuple) else [losses]


def _plain_pipeline(cfg: Config) -> list[dict]:
    """Steps of the test with MMSeg's loader of masks."""
    steps = []
    for step in image_steps(cfg):
        if _loads_masks(step) and _is_own(TRANSFORMS, step['type']):
            step = dict(type='LoadAnnotations')
        steps.append(deepcopy(step))
    _refuse_own(TRANSFORMS, steps, 'the images are loaded with')
    return steps


def _plain_test(cfg: Config, meta: dict) -> dict:
    """The test on the same images, or on a folder that is to be filled in."""
    pipeline = _plain_pipeline(cfg)
    evaluators = deepcopy(as_dicts(cfg.get('test_evaluator')))
    for evaluator in evaluators:
        if evaluator['type'] == 'ExactIoUMetric':
            evaluator['type'] = 'IoUMetric'
    loader = cfg.get('test_dataloader') or {}
    dataset: dict = deepcopy(loader.get('dataset', {}))
    inner = innermost_datasets(dataset) if dataset else []
    if inner and not any(_is_own(DATASETS, one['type']) for one in inner):
        for one in inner:
            one['pipeline'] = pipeline
    else:
        # A folder with masks, whether or not there were any to test with.
        if not any(_loads_masks(step) for step in pipeline):
            pipeline.insert(-1, dict(type='LoadAnnotations'))
        for evaluator in evaluators:
            for key in ('format_only', 'output_dir'):
                evaluator.pop(key, None)
        dataset = dict(
            type='BaseSegDataset',
            metainfo=meta,
            data_root='data',
            data_prefix=dict(img_path='images', seg_map_path='masks'),
            img_suffix='.jpg',
            seg_map_suffix='.png',
            pipeline=pipeline,
        )
    return dict(
        test_pipeline=pipeline,
        test_dataloader=dict(
            batch_size=1,
            num_workers=2,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dataset,
        ),
        # The options of MMSeg's test want a dict.
        test_evaluator=evaluators
        if len(evaluators) > 1
        else [*evaluators, dict(type='IoUMetric', iou_metrics=['mIoU'])][0],
        default_hooks=dict(visualization=dict(type='SegVisualizationHook')),
    )


def _loads_masks(step: dict) -> bool:
    return issubclass(TRANSFORMS.get(step['type']), LoadAnnotations)


def _is_own(registry: Registry, name: str) -> bool:
    cls = registry.get(name)
    return cls is not None and cls.__module__.split('.')[0] == PACKAGE


def _refuse_own(registry: Registry, part, what: str) -> None:
    own = sorted({t for t in _types(part) if _is_own(registry, t)})
    if own:
        raise ValueError(
            f'{what} {", ".join(own)}, which MMSegmentation does not have: '
            'export to onnx, openvino or torch instead'
        )


def _types(part) -> Iterator[str]:
    """All names of types in a config."""
    if isinstance(part, dict):
        if isinstance(part.get('type'), str):
            yield part['type']
        part = list(part.values())
    if isinstance(part, list | tuple):
        for child in part:
            yield from _types(child)
