"""What a training is evaluated by: masks, samplers, metrics."""

from collections.abc import Iterator, Mapping

from mmengine.config import Config

from mmseg_usrn.evaluation import REPORTED

from .listing import as_dicts, dicts_at
from .mistakes import Mistake, do_you_mean
from .pipelines import may_load_masks

METRICS = ('IoUMetric', 'ExactIoUMetric')


def evaluation_mistakes(cfg: Config) -> Iterator[Mistake]:
    """Evaluations that cannot be, or never end.

    Args:
        cfg: A whole config.
    """
    for check in (_annotations, _samplers, metric_mistakes, _best):
        yield from check(cfg)


def _annotations(cfg: Config) -> Iterator[Mistake]:
    """Images that are evaluated without masks."""
    for part in ('val', 'test'):
        loader = cfg.get(f'{part}_dataloader')
        evaluators = as_dicts(cfg.get(f'{part}_evaluator'))
        if loader and cfg.get(f'{part}_evaluator') == []:
            yield Mistake(
                f'{part}_evaluator=[]',
                ': nothing would be measured',
                "set it to dict(type='ExactIoUMetric')",
            )
        if not loader or all(e.get('format_only') for e in evaluators):
            continue
        node, path = loader.get('dataset'), f'{part}_dataloader.dataset'
        while isinstance(node, Mapping) and isinstance(
            node.get('dataset'), Mapping
        ):
            node, path = node['dataset'], f'{path}.dataset'
        if isinstance(node, Mapping):
            yield from _masks(path, node)


def _masks(path: str, dataset: Mapping) -> Iterator[Mistake]:
    """A dataset of images alone."""
    if dataset.get('type') == 'UnlabeledDataset':
        yield Mistake(f'{path}.type', ' has no masks to evaluate on', _NO_VAL)
        return
    steps = dataset.get('pipeline')
    if isinstance(steps, list) and not any(map(may_load_masks, steps)):
        yield Mistake(
            f'{path}.pipeline',
            ' loads no masks to evaluate on',
            "add dict(type='LoadAnnotations') behind Resize",
        )
    folders = dataset.get('data_prefix')
    if isinstance(folders, Mapping) and folders.get('seg_map_path') is None:
        yield Mistake(
            f'{path}.data_prefix', ' names no folder of masks', _NO_VAL
        )


_NO_VAL = (
    'name a data set with masks, or set the dataloader, evaluator and cfg of '
    'this part to None'
)


def _samplers(cfg: Config) -> Iterator[Mistake]:
    """Loops that never end."""
    loop = cfg.get('train_cfg') or {}
    epochs = loop.get('type') == 'EpochBasedTrainLoop' or loop.get('by_epoch')
    parts = ['val', 'test'] + (['train'] if epochs else [])
    for part in parts:
        sampler = (cfg.get(f'{part}_dataloader') or {}).get('sampler') or {}
        if sampler.get('type') == 'InfiniteSampler':
            what = 'an epoch' if part == 'train' else 'the evaluation'
            yield Mistake(
                f'{part}_dataloader.sampler',
                f': {what} over InfiniteSampler never ends',
                "use dict(type='DefaultSampler')"
                + (', or IterBasedTrainLoop' if part == 'train' else ''),
            )


def metric_mistakes(cfg: Config) -> Iterator[Mistake]:
    """Metrics that are not known.

    Args:
        cfg: A whole config.
    """
    for part in ('val', 'test'):
        for path, evaluator in dicts_at(cfg, f'{part}_evaluator'):
            for metric in _metric_names(evaluator):
                if metric not in REPORTED:
                    yield Mistake(
                        f'{path}.iou_metrics',
                        f': there is no {metric!r}',
                        do_you_mean(str(metric), REPORTED),
                    )


def _best(cfg: Config) -> Iterator[Mistake]:
    """A best checkpoint by a metric that nobody reports."""
    evaluators = as_dicts(cfg.get('val_evaluator'))
    if not evaluators or any(e.get('type') not in METRICS for e in evaluators):
        return
    known = []
    for evaluator in evaluators:
        prefix = evaluator.get('prefix')
        keys = [
            key
            for name in _metric_names(evaluator)
            for key in REPORTED.get(name, ())
        ]
        known += [f'{prefix}/{key}' if prefix else key for key in keys]
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    best = hook.get('save_best') or []
    for name in [best] if isinstance(best, str) else best:
        if name != 'auto' and name not in known:
            yield Mistake(
                f'default_hooks.checkpoint.save_best={name!r}',
                ': the evaluator reports no such metric',
                do_you_mean(name, dict.fromkeys(known)),
            )


def _metric_names(evaluator: Mapping) -> list:
    if evaluator.get('type') not in METRICS:
        return []
    names = evaluator.get('iou_metrics', ['mIoU'])
    return (
        list(names) or [None] if isinstance(names, list | tuple) else [names]
    )
