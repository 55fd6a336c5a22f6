"""Folders and lists that a config names."""

import os
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config


def check_paths(cfg: Config, dataloaders: tuple[str, ...]) -> None:
    """Look for the folders and lists that the datasets name.

    Args:
        cfg: The config of the run; its entry ``how_to_prepare`` tells the
            user how the data are made.
        dataloaders: Entries of the config to look at.

    Raises:
        ValueError: If one is missing; all missing ones are named.
    """
    nodes = cfg.to_dict()
    used = [nodes[name] for name in dataloaders if name in nodes]
    missing = sorted(set(_missing_paths(used)))
    if missing:
        listing = '\n'.join(f'  {path}' for path in missing)
        advice = cfg.get('how_to_prepare', 'correct the paths in the config')
        raise ValueError(f'data not found:\n{listing}\nTo fix it: {advice}')


def _missing_paths(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        root = node.get('data_root') or ''
        prefixes = (node.get('data_prefix') or {}).values()
        for entry in [node.get('ann_file'), node.get('split_dir'), *prefixes]:
            for path in entry if isinstance(entry, list | tuple) else [entry]:
                joined = os.path.join(root, path or '')
                remote = '://' in joined
                if path and not remote and not os.path.exists(joined):
                    yield _tell_links(joined)
        node = list(node.values())
    if isinstance(node, list | tuple):
        for child in node:
            yield from _missing_paths(child)


def _tell_links(path: str) -> str:
    """The path, and where it leads if a ``..`` in it follows a link."""
    shown, target = os.path.normpath(path), os.path.realpath(path)
    if target == os.path.realpath(shown):
        return shown
    return (
        f'{shown}, which a symbolic link turns into {target}: link the '
        "folder above instead, or give ann_file's absolute path"
    )
