"""Pretrained weights that a model starts from."""

import os.path as osp
import socket
from collections.abc import Iterator
from urllib.error import URLError

from mmengine.runner import CheckpointLoader

TIMEOUT = 30  # seconds without an answer


def fetch_pretrained(model: dict) -> None:
    """Load the pretrained weights of a model once, before anything else.

    MMEngine keeps what it has downloaded, so that the training reads the
    file. Without this, a missing file or network shows after the data check,
    as an error of many lines.

    Args:
        model: Config of the model.

    Raises:
        ValueError: If the weights cannot be had.
    """
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        for path in dict.fromkeys(_weights(model)):
            _fetch(path)
    finally:
        socket.setdefaulttimeout(timeout)


def _fetch(path: str) -> None:
    if '://' not in path:
        if not osp.isfile(path):
            raise ValueError(
                f'there is no file of pretrained weights {path}: {ADVICE}'
            )
        return
    try:
        CheckpointLoader.load_checkpoint(path, map_location='cpu')
    # No network, an address that is gone, a proxy that refuses.
    except (URLError, OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f'the pretrained weights {path} cannot be loaded ({reason}): '
            f'{ADVICE}'
        ) from None


ADVICE = (
    'set model.pretrained=None (and no Pretrained in backbone.init_cfg) to '
    'start without, or name a file: --cfg-options model.pretrained=FILE'
)


def _weights(node: object) -> Iterator[str]:
    """Paths of pretrained weights in a model's config."""
    if isinstance(node, dict):
        if node.get('type') == 'Pretrained' and node.get('checkpoint'):
            yield node['checkpoint']
        if isinstance(node.get('pretrained'), str):
            yield node['pretrained']
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from _weights(child)
