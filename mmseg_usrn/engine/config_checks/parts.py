"""Parts of a config that must agree: classes, labels, windows, hooks."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import DATASETS, MODELS

from .evaluation import METRICS
from .listing import (
    RECLUSTER_HOOK,
    as_dicts,
    dicts_at,
    is_a,
    recluster_hooks,
)
from .mistakes import Mistake, do_you_mean, shown
from .places import find, walk

IGNORED = 255
"""Label that everything ignores unless told otherwise."""


def part_mistakes(cfg: Config) -> Iterator[Mistake]:
    """Entries that do not fit each other.

    Args:
        cfg: A whole config.
    """
    for check in (_classes, _ignored, _losses, _slide, _hooks):
        yield from check(cfg)


def _classes(cfg: Config) -> Iterator[Mistake]:
    """Classes in another order, heads of another number."""
    paths = dict(
        labeled='train_dataloader.dataset',
        val='val_dataloader.dataset',
        test='test_dataloader.dataset',
    )
    found: dict[str, Any] = {}
    for name, path in paths.items():
        node = (cfg.get(path.split('.')[0]) or {}).get('dataset')
        if name == 'labeled' and node and 'labeled' in node:
            node, path = node['labeled'], f'{path}.labeled'
        dataset = unread(node)
        if dataset is not None:
            found[name] = (path, dataset)
    if 'labeled' not in found:
        return
    wanted = _class_names(found['labeled'][1])
    twice = sorted({name for name in wanted if wanted.count(name) > 1})
    if twice:
        yield Mistake(
            f'{found["labeled"][0]}.metainfo.classes',
            f' names {twice[0]} twice',
            'give each class a name of its own',
        )
    for path, dataset in list(found.values())[1:]:
        names = _class_names(dataset)
        if names and wanted and names != wanted:
            yield Mistake(
                path,
                ' has other classes than the labeled part: '
                + _difference(wanted, names),
                'name the same classes in the same order',
            )
    yield from _heads(cfg, len(wanted))
    yield from _zero_labels(found)


def unread(config: Any) -> Any:
    """A dataset whose files have not been listed, None if there is none."""
    if not isinstance(config, Mapping) or 'type' not in config:
        return None
    try:
        return DATASETS.build({**config, 'lazy_init': True})
    # Wrappers do not know the argument; faults are found elsewhere.
    except Exception:
        return None


def _class_names(dataset: Any) -> tuple[str, ...]:
    return tuple((dataset.metainfo or {}).get('classes') or ())


def _difference(first: tuple, second: tuple) -> str:
    """The first place where two lists of classes differ."""
    for index, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return f'class {index} is {other}, not {one}'
    return f'{len(second)} of them, not {len(first)}'


def _heads(cfg: Config, classes: int) -> Iterator[Mistake]:
    """Heads whose number of classes is not that of the data."""
    heads = [*dicts_at(cfg, 'model.decode_head'), *_auxiliary_heads(cfg)]
    for path, head in heads:
        count = head.get('num_classes')
        if classes and isinstance(count, int) and count != classes:
            yield Mistake(
                f'{path}.num_classes={count}',
                f', but the labeled images have {classes} classes',
                f'set it to {classes}, as many as metainfo names',
            )


def _auxiliary_heads(cfg: Config) -> Iterator[tuple[str, dict]]:
    """Auxiliary heads that learn the labels as they are.

    Others have a loss of their own: STDC's learns borders, two classes.
    """
    for path, head in dicts_at(cfg, 'model.auxiliary_head'):
        cls = find(MODELS, head.get('type'))
        if all(
            getattr(cls, name, None) is getattr(BaseDecodeHead, name)
            for name in ('loss', 'loss_by_feat')
        ):
            yield path, head


def _zero_labels(found: dict) -> Iterator[Mistake]:
    """A test part that alone drops label 0, or alone keeps it."""
    reduces = {
        name: bool(getattr(dataset, 'reduce_zero_label', False))
        for name, (_, dataset) in found.items()
    }
    if len(reduces) < 3 or reduces['labeled'] != reduces['val']:
        return  # the data check looks at the masks of these two
    if reduces['test'] != reduces['val']:
        yield Mistake(
            f'{found["test"][0]}.reduce_zero_label={reduces["test"]}',
            f', but it is {reduces["val"]} in training and validation',
            'set the same everywhere',
        )


def _ignored(cfg: Config) -> Iterator[Mistake]:
    """Labels that one part ignores and another counts."""
    heads = as_dicts(cfg.model.get('decode_head'))
    wanted = heads[0].get('ignore_index', IGNORED) if heads else IGNORED
    values = {
        f'{part}_evaluator': as_dicts(cfg.get(f'{part}_evaluator'))
        for part in ('val', 'test')
    }
    found = [
        (f'{name}.ignore_index', evaluator.get('ignore_index', IGNORED))
        for name, evaluators in values.items()
        for evaluator in evaluators
        if evaluator.get('type') in METRICS
    ]
    found += [
        (f'{path}.ignore_index', head.get('ignore_index', IGNORED))
        for path, head in _auxiliary_heads(cfg)
    ]
    preprocessor = cfg.model.get('data_preprocessor')
    if preprocessor and 'seg_pad_val' in preprocessor:
        found.append(
            (
                'model.data_preprocessor.seg_pad_val',
                preprocessor['seg_pad_val'],
            )
        )
    for path, value in found:
        if value != wanted:
            yield Mistake(
                f'{path}={shown(value)}',
                f', but model.decode_head ignores the label {wanted}',
                'set the same label everywhere',
            )


def _losses(cfg: Config) -> Iterator[Mistake]:
    """Losses that MMSegmentation cannot compute."""
    for place in walk(cfg.model, ('model',)):
        loss = place.config
        if (
            loss.get('type') == 'CrossEntropyLoss'
            and loss.get('class_weight') is not None
            and loss.get('avg_non_ignore')
        ):
            yield Mistake(
                place.at('avg_non_ignore'),
                '=True with class_weight ends with an IndexError where pixels '
                'have no label',
                'leave it out: with class_weight the mean is over labeled '
                'pixels anyway',
            )


def _slide(cfg: Config) -> Iterator[Mistake]:
    """Windows that leave gaps, or have no size."""
    model = find(MODELS, cfg.model.get('type'))
    if getattr(model, 'inference', None) is not EncoderDecoder.inference:
        return  # tests in ways of its own
    test = cfg.model.get('test_cfg') or {}
    mode = test.get('mode', 'whole')
    if mode not in ('slide', 'whole'):
        yield Mistake(
            f'model.test_cfg.mode={mode!r}',
            ' is no way to test',
            do_you_mean(str(mode), ('slide', 'whole')),
        )
    if mode != 'slide':
        return
    sizes = [test.get('crop_size'), test.get('stride')]
    for name, size in zip(('crop_size', 'stride'), sizes, strict=True):
        if not isinstance(size, list | tuple) or len(size) != 2:
            yield Mistake(
                f'model.test_cfg.{name}={shown(size)}',
                ' is no pair of numbers, which mode="slide" needs',
                f'set model.test_cfg.{name}=(height, width)',
            )
            return
    if any(s > c or s < 1 for c, s in zip(*sizes, strict=True)):
        yield Mistake(
            f'model.test_cfg.stride={shown(sizes[1])}',
            f' does not fit crop_size={shown(sizes[0])}: windows would leave '
            'gaps',
            'set a stride of 1 to the crop size',
        )


def _hooks(cfg: Config) -> Iterator[Mistake]:
    """Hooks that cluster: one for a USRN, none for other models."""
    count = len(recluster_hooks(cfg))
    clusters = is_a(cfg.model, MODELS, 'USRN')
    if count > 1:
        yield Mistake(
            'custom_hooks',
            f' holds {RECLUSTER_HOOK} {count} times, and each would cluster '
            'at its own times',
            'leave one of them',
        )
    if clusters and not count:
        yield Mistake(
            'custom_hooks',
            f' has no {RECLUSTER_HOOK}: nothing would ever be clustered, and '
            'the unlabeled images never used (custom_hooks of a config '
            'replace those that it inherits)',
            f"add dict(type='{RECLUSTER_HOOK}', warmup_iters=4000, "
            'interval=4000)',
        )
    known = find(MODELS, cfg.model.get('type'))
    if count and known and not clusters:
        yield Mistake(
            'custom_hooks',
            f' holds {RECLUSTER_HOOK}, but model.type is '
            f'{cfg.model.get("type")}, which is no USRN',
            "take it out, or set model.type='USRN'",
        )
