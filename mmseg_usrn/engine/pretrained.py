"""Pretrained weights that a model starts from."""

import os.path as osp
import socket
from collections.abc import Iterator
from urllib.error import URLError

from mmengine.runner import CheckpointLoader

TIMEOUT = 30  # seconds without an answer


def fetch_pretrained(model: dict) -> None:
    """Load the pretrained weights of a model once, before the data check.

    MMEngine keeps what it has downloaded, so that the training reads the
    file. Without this, a missing file or network shows after the data check,
    as an error of many lines. With several processes, call it when they know
    of each other: only the first one then downloads.

    Args:
        model: Config of the model.

    Raises:
        ValueError: If the weights cannot be had.
    """
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        for setting, path, prefix in _weights(model):
            _fetch(setting, path, prefix)
    finally:
        socket.setdefaulttimeout(timeout)


def _fetch(setting: str, path: str, prefix: str) -> None:
    if '://' not in path and not osp.isfile(osp.expanduser(path)):
        raise ValueError(
            f'there is no file of pretrained weights {path}: '
            f'{_advice(setting)}'
        )
    if '://' not in path and not prefix:
        return
    try:
        content = CheckpointLoader.load_checkpoint(path, map_location='cpu')
    # No network, an address that is gone, a proxy that refuses.
    except (URLError, OSError, ValueError, RuntimeError) as error:
        # What to do about a network is said below.
        network = isinstance(error.__cause__, OSError)
        reason = str(error.__cause__ if network else error).splitlines()[0]
        raise ValueError(
            f'the pretrained weights {path} cannot be loaded ({reason}): '
            f'{_advice(setting)}'
        ) from None
    names = list(content.get('state_dict', content))
    if not any(name.startswith(prefix) for name in names):
        raise ValueError(
            f'{path} has no weights of the names {prefix}..., which '
            f'{setting} asks for, but {", ".join(map(str, names[:3]))}, ...: '
            'tools/model_converters/ converts published files'
        )


def _advice(setting: str) -> str:
    start, _, end = setting.rpartition('.')
    switch = setting if end == 'pretrained' else start
    return (
        f'set {switch}=None to start without, or name a file: '
        f'--cfg-options {setting}=FILE'
    )


def _weights(
    node: object, place: str = 'model'
) -> Iterator[tuple[str, str, str]]:
    """Setting, path and prefix of a model's pretrained weights."""
    if isinstance(node, dict):
        if node.get('type') == 'Pretrained' and node.get('checkpoint'):
            prefix = node.get('prefix') or ''
            yield f'{place}.checkpoint', node['checkpoint'], prefix
        if isinstance(node.get('pretrained'), str):
            yield f'{place}.pretrained', node['pretrained'], ''
        items = list(node.items())
    elif isinstance(node, (list, tuple)):
        items = list(enumerate(node))
    else:
        return
    for key, child in items:
        yield from _weights(child, f'{place}.{key}')
