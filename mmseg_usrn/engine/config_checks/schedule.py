"""Schedules that do not fit the length of a training."""

from collections.abc import Iterator, Mapping

from mmengine.config import Config

from .listing import dicts_at, is_recluster_hook
from .mistakes import Mistake, shown


def schedule_mistakes(cfg: Config) -> Iterator[Mistake]:
    """Times that lie behind the last iteration, or are counted in epochs.

    Args:
        cfg: A whole config.
    """
    loop = cfg.get('train_cfg') or {}
    length = loop.get('max_iters')
    if loop.get('type') != 'IterBasedTrainLoop' or not isinstance(length, int):
        return
    yield from _validation(loop, length)
    for path, scheduler in dicts_at(cfg, 'param_scheduler'):
        yield from _scheduler(path, scheduler, length)
    yield from _end_of_decay(cfg, length)
    for path, hook in dicts_at(cfg, 'custom_hooks'):
        if is_recluster_hook(hook):
            yield from _clusterings(path, hook, length)
    saving = (cfg.get('default_hooks') or {}).get('checkpoint')
    if saving and saving.get('by_epoch', True):
        yield Mistake(
            'default_hooks.checkpoint.by_epoch',
            ': the training counts iterations and would save nothing before '
            'its end',
            'set default_hooks.checkpoint.by_epoch=False',
        )


def _validation(loop: Mapping, length: int) -> Iterator[Mistake]:
    # An interval that is longer leaves the validation after the last one.
    begin = loop.get('val_begin')
    if isinstance(begin, int) and begin > length:
        yield Mistake(
            f'train_cfg.val_begin={begin}',
            f' is behind the last of max_iters={length} iterations',
            f'set it to {length} or less',
        )


def _scheduler(
    path: str, scheduler: Mapping, length: int
) -> Iterator[Mistake]:
    name = str(scheduler.get('type', ''))
    if name.startswith('ReduceOnPlateau'):
        return  # steps at validations
    if scheduler.get('by_epoch', True):
        if not scheduler.get('convert_to_iter_based'):
            yield Mistake(
                f'{path}.by_epoch',
                ': the training counts iterations, so that a schedule of '
                'epochs would never go on',
                f'set {path}.by_epoch=False',
            )
        return
    if scheduler.get('end') is None and name.startswith(('Poly', 'Linear')):
        yield Mistake(
            f'{path}.end',
            f': {name} without an end stays where it begins',
            f'set {path}.end={length}',
        )
    milestones = scheduler.get('milestones') or []
    late = [m for m in milestones if m > length]
    if late:
        yield Mistake(
            f'{path}.milestones={shown(milestones)}',
            f': {late[0]} does not fit train_cfg.max_iters={length}',
            'set milestones that the training gets to',
        )
    yield from _span(path, scheduler, length)


def _span(path: str, scheduler: Mapping, length: int) -> Iterator[Mistake]:
    begin, end = scheduler.get('begin', 0), scheduler.get('end')
    if not isinstance(begin, int):
        return
    if isinstance(end, int) and begin >= end:
        yield Mistake(
            f'{path}.begin={begin}',
            f' is not before its end={end}',
            f'set {path}.begin to less',
        )
    # A PolyLR that ends at N + 1 is at 0 after N iterations.
    for key, value, last in (
        ('begin', begin, length - 1),
        ('end', end, length + 1),
    ):
        if isinstance(value, int) and value > last:
            yield Mistake(
                f'{path}.{key}={value}',
                f' does not fit train_cfg.max_iters={length}',
                f'set {path}.{key} to {last if key == "begin" else length} '
                'or less, or train longer',
            )


def _end_of_decay(cfg: Config, length: int) -> Iterator[Mistake]:
    """A learning rate that is 0 long before the training ends."""
    rates = [
        (
            end if isinstance(end := scheduler.get('end'), int) else length,
            path,
            str(scheduler.get('type', '')),
        )
        for path, scheduler in dicts_at(cfg, 'param_scheduler')
        if not str(scheduler.get('type', '')).endswith('Momentum')
        and not scheduler.get('by_epoch', True)
        and not scheduler.get('eta_min')
        and not scheduler.get('eta_min_ratio')
    ]
    if not rates:
        return
    end, path, name = max(rates)
    if end < length and name.startswith(('Poly', 'Cosine')):
        yield Mistake(
            f'{path}.end={end}',
            f': {name} is at its end, and train_cfg.max_iters={length}',
            f'set {path}.end={length}, or say that the rate stays as it is: '
            f"dict(type='ConstantLR', factor=1, begin={end}, end={length}, "
            'by_epoch=False)',
        )


def _clusterings(path: str, hook: Mapping, length: int) -> Iterator[Mistake]:
    warmup, interval = hook.get('warmup_iters', 0), hook.get('interval')
    if hook.get('feature_checkpoint') or not isinstance(warmup, int):
        return
    if warmup >= length:
        yield Mistake(
            f'{path}.warmup_iters={warmup}',
            f' of train_cfg.max_iters={length}: nothing would ever be '
            'clustered, and the unlabeled images never used',
            'lower it, or train longer',
        )
    elif isinstance(interval, int) and warmup + interval >= length:
        yield Mistake(
            f'{path}.interval={interval}',
            f' after warmup_iters={warmup} is never over, '
            f'train_cfg.max_iters is {length}',
            f'lower it, or set {path}.interval=None to cluster once',
        )
