"""What the entries of a config must be."""

from collections.abc import Iterator, Mapping

from mmengine.config import Config

from .mistakes import Mistake, shown

DICTS = (
    *('model', 'train_dataloader', 'val_dataloader', 'test_dataloader'),
    *('train_cfg', 'val_cfg', 'test_cfg', 'optim_wrapper', 'default_hooks'),
    *('auto_scale_lr', 'env_cfg', 'randomness'),
)
LISTS = ('custom_hooks', 'param_scheduler', 'val_evaluator', 'test_evaluator')
"""Entries that hold dicts, one or several."""

PARTS = ('dataset', 'sampler')


def entry_mistakes(cfg: Config) -> Iterator[Mistake]:
    """Entries that are no dicts.

    Args:
        cfg: A whole config.
    """
    for name in DICTS:
        yield from _is_dict(name, cfg.get(name))
    for name in LISTS:
        node = cfg.get(name)
        nodes = node if isinstance(node, list | tuple) else [node]
        for one in nodes:
            yield from _is_dict(name, one)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg.get(name)
        if isinstance(loader, Mapping):
            for part in PARTS:
                yield from _is_dict(f'{name}.{part}', loader.get(part))
            if loader.get('dataset') is None:
                yield Mistake(name, ' has no dataset', 'add one')
    model = cfg.get('model')
    if isinstance(model, Mapping) and not model.get('type'):
        yield Mistake('model', ' has no type', "set type='USRN'")


def _is_dict(name: str, node: object) -> Iterator[Mistake]:
    if node is not None and not isinstance(node, Mapping):
        yield Mistake(
            f'{name}={shown(node)}', ' is no dict', 'write dict(type=..., ...)'
        )
