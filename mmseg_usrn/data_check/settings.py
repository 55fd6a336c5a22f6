"""Settings of a config that contradict each other or the data."""

from collections.abc import Iterator, Mapping
from numbers import Number

from mmengine.config import Config
from mmseg.registry import DATASETS

from mmseg_usrn.datasets.image_files import as_list, name_some

from .masks import missing_classes
from .parts import Part
from .report import Finding, error
from .scan import Scan

# What MMSeg's IoUMetric reports for each entry of iou_metrics.
METRICS = {
    'mIoU': ('aAcc', 'mIoU', 'mAcc'),
    'mDice': ('aAcc', 'mDice', 'mAcc'),
    'mFscore': ('aAcc', 'mFscore', 'mPrecision', 'mRecall'),
}


def setting_findings(cfg: Config, scan: Scan) -> list[Finding]:
    """Faults of a config that would show late, or never.

    Args:
        cfg: A whole config.
        scan: What was seen of its data.

    Returns:
        The findings; all are errors.
    """
    return [
        error('config', problem, fix)
        for check in (_heads, _losses, _loop, _save_best)
        for problem, fix in check(cfg)
    ] + [error('config', problem, fix) for problem, fix in _parts(cfg, scan)]


def _heads(cfg: Config) -> Iterator[tuple[str, str]]:
    """Heads whose number of classes is not that of the last decode head."""
    heads = {}
    for name in ('decode_head', 'auxiliary_head'):
        for place, head in enumerate(_as_dicts(cfg.model.get(name))):
            heads[f'{name} {place}' if place else name] = head
    counts = {
        n: h['num_classes'] for n, h in heads.items() if 'num_classes' in h
    }
    main = _as_dicts(cfg.model.get('decode_head'))[-1:]
    wanted = main[0].get('num_classes') if main else None
    for name, count in counts.items():
        if wanted is not None and count != wanted:
            yield (
                f'{name} has num_classes={count}, the decode head {wanted}',
                f'set num_classes={wanted} in every head',
            )


def _losses(cfg: Config) -> Iterator[tuple[str, str]]:
    """Losses that MMSegmentation cannot compute."""
    for node in _walk(cfg.model):
        if (
            node.get('type') == 'CrossEntropyLoss'
            and node.get('class_weight') is not None
            and node.get('avg_non_ignore')
        ):
            yield (
                'CrossEntropyLoss with class_weight and avg_non_ignore=True '
                'ends with an IndexError where pixels have no label',
                'leave avg_non_ignore out: with class_weight the mean is '
                'over labeled pixels anyway',
            )


def _loop(cfg: Config) -> Iterator[tuple[str, str]]:
    """Loops that never end."""
    loop, loader = cfg.get('train_cfg') or {}, cfg.train_dataloader
    epochs = loop.get('type') == 'EpochBasedTrainLoop' or loop.get('by_epoch')
    sampler = (loader.get('sampler') or {}).get('type', '')
    if epochs and sampler == 'InfiniteSampler':
        yield (
            'EpochBasedTrainLoop never ends over InfiniteSampler',
            "use IterBasedTrainLoop, or sampler=dict(type='DefaultSampler', "
            'shuffle=True) in train_dataloader',
        )


def _save_best(cfg: Config) -> Iterator[tuple[str, str]]:
    """Names of metrics that no evaluator reports."""
    evaluators = _as_dicts(cfg.get('val_evaluator'))
    if not evaluators or any(
        e.get('type') not in ('IoUMetric', 'ExactIoUMetric')
        for e in evaluators
    ):
        return
    known = []
    for evaluator in evaluators:
        names = as_list(evaluator.get('iou_metrics') or ['mIoU'])
        for name in names:
            if name not in METRICS:
                yield (
                    f'IoUMetric knows no iou_metrics={name!r}',
                    f'use some of {", ".join(METRICS)}',
                )
        prefix = evaluator.get('prefix')
        keys = [key for name in names for key in METRICS.get(name, ())]
        known += [f'{prefix}/{key}' if prefix else key for key in keys]
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    for name in as_list(hook.get('save_best')):
        if name != 'auto' and name not in known:
            yield (
                f'save_best={name!r}: the evaluator reports no such metric',
                f'use one of {", ".join(dict.fromkeys(known))}',
            )


def _parts(cfg: Config, scan: Scan) -> Iterator[tuple[str, str]]:
    """Classes and label rules that differ from part to part."""
    labeled = scan.parts.get('labeled')
    if labeled is None or not labeled.classes:
        return
    parts = [part for part in scan.parts.values() if part.has_masks]
    classes_of = {part.name: part.classes for part in parts}
    test = (cfg.get('test_dataloader') or {}).get('dataset')
    if test and test != (cfg.get('val_dataloader') or {}).get('dataset'):
        classes_of['test'] = _classes_of(test)
    for name, classes in classes_of.items():
        if classes not in ((), labeled.classes):
            yield (
                f'the classes of the {name} part are not those of the labeled '
                f'part: {_first_difference(labeled.classes, classes)}',
                'name the same classes in the same order',
            )
    for part in parts:
        if _contradict(labeled, part):
            yield (
                f'reduce_zero_label is {_reduces(labeled)} in the labeled '
                f'part, {_reduces(part)} in the {part.name} part, but masks '
                'of both start at the same value',
                'set the same in both',
            )


def _reduces(part: Part) -> bool:
    return any(s.rules and s.rules.reduce_zero_label for s in part.sources)


def _contradict(labeled: Part, part: Part) -> bool:
    """Whether the same masks would get other classes in another part."""
    if _reduces(labeled) == _reduces(part):
        return False
    if missing_classes(labeled) and not _reduces(labeled):
        return False
    starts = {
        0
        in {
            value
            for s in p.sources
            for m in s.masks.values()
            for value in m.values
        }
        for p in (labeled, part)
    }
    return len(starts) == 1


def _classes_of(config: Mapping) -> tuple[str, ...]:
    """Classes of the test part, whose files are not looked at."""
    try:
        dataset = DATASETS.build({**config, 'lazy_init': True})
        return tuple(dataset.metainfo.get('classes') or ())
    except (ValueError, OSError, TypeError, AttributeError, AssertionError):
        return ()


def _first_difference(first: tuple, second: tuple) -> str:
    """Where two lists of classes differ."""
    if set(first) == set(second):
        places = [i for i, n in enumerate(first) if second[i] != n]
        named = [f'{i} is {second[i]}, not {first[i]}' for i in places]
        return name_some(named, 3)
    missing = [n for n in first if n not in second]
    extra = [n for n in second if n not in first]
    texts = (('lacks', missing), ('has also', extra))
    return ', '.join(f'it {what} {name_some(n)}' for what, n in texts if n)


def _as_dicts(value: object) -> list[Mapping]:
    if not value:
        return []
    return [value] if isinstance(value, Mapping) else list(value)


def _walk(node: object) -> Iterator[Mapping]:
    """All dicts inside a config."""
    if isinstance(node, Mapping):
        yield node
        node = list(node.values())
    if isinstance(node, (list, tuple)) and not all(
        isinstance(entry, Number) for entry in node
    ):
        for child in node:
            yield from _walk(child)
