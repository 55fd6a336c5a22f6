"""Settings on the command line that change nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from .arguments import SURE, known_keys
from .mistakes import Mistake, do_you_mean, nearest, shown
from .places import place_at
from .plain_settings import OF_CONFIG


def option_mistakes(cfg: Config, options: dict) -> Iterator[Mistake]:
    """Keys of ``--cfg-options`` that nothing reads.

    Args:
        cfg: The config before the options are merged.
        options: Values by dotted keys.
    """
    for option in options:
        yield from _option(cfg, option)


def _option(cfg: Config, option: str) -> Iterator[Mistake]:
    keys = _path(option)
    top = str(keys[0])
    if top not in OF_CONFIG:
        yield _of_no_use(cfg, option, top)
        return
    node: Any = cfg.get(top)
    for depth, key in enumerate(keys[1:], 1):
        here = tuple(keys[:depth])
        name = '.'.join(map(str, here))
        if isinstance(node, list | tuple):
            if not isinstance(key, int) or key >= len(node):
                entry = f'name an entry of it, 0 to {len(node) - 1}'
                yield Mistake(
                    option,
                    f': {name} is a list of {len(node)}',
                    entry if node else 'leave the option out',
                )
                return
        elif isinstance(node, Mapping):
            if key not in node:
                yield from _new(node, here, keys, option)
                return
        elif node is not None:
            yield Mistake(
                option,
                f': {name}={shown(node)} has no settings of its own',
                f'set {name} itself',
            )
            return
        else:
            return
        node = node[key]


def _new(
    node: Mapping, here: tuple, keys: list, option: str
) -> Iterator[Mistake]:
    """A key that is not in the config as yet."""
    place = place_at(here, node)
    known, is_open = known_keys(place)
    key = str(keys[len(here)])
    if key in known or key == '_delete_':
        return
    if not is_open or nearest(key, known, SURE):
        known = known | set(map(str, node))
        owner = node.get('type') or '.'.join(map(str, here))
        owner = getattr(owner, '__name__', owner)
        yield Mistake(
            option, f': {owner} has no {key}', do_you_mean(key, known)
        )


def _of_no_use(cfg: Config, option: str, top: str) -> Mistake:
    if top in cfg:
        return Mistake(
            option,
            f': {top} is a variable of the config file, which has been read '
            'already, so that setting it changes nothing',
            'set the entries that are made of it, or edit the file',
        )
    return Mistake(
        option,
        ': no entry of a config has this name',
        do_you_mean(top, OF_CONFIG),
    )


def _path(option: str) -> list:
    return [int(k) if k.isdigit() else k for k in option.split('.')]
