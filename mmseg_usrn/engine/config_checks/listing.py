"""Reading of entries that hold one dict or several."""

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry
from mmseg.registry import HOOKS

from .places import find
from .signatures import lineage

RECLUSTER_HOOK = 'SubclassReclusterHook'


def as_dicts(node: Any) -> list[dict]:
    """The dicts of an entry: one, several, or none."""
    if not node:
        return []
    nodes = [node] if isinstance(node, dict) else list(node)
    return [one for one in nodes if isinstance(one, dict)]


def dicts_at(cfg: Config, path: str) -> Iterator[tuple[str, dict]]:
    """The dicts of an entry, and the path of each.

    Args:
        cfg: A whole config.
        path: Keys of the entry, joined by dots.
    """
    node: Any = cfg
    for key in path.split('.'):
        node = node.get(key)
    several = isinstance(node, list | tuple)
    for index, one in enumerate(as_dicts(node)):
        yield f'{path}.{index}' if several else path, one


def innermost_datasets(dataset: dict) -> list[dict]:
    """The datasets that read files, inside of wrappers.

    Args:
        dataset: A dataset, or a wrapper of one (``RepeatDataset``) or several
            (``ConcatDataset``).
    """
    inner = dataset.get('datasets', dataset.get('dataset'))
    if not isinstance(inner, dict | list | tuple):
        return [dataset]
    return [d for one in as_dicts(inner) for d in innermost_datasets(one)]


def is_a(node: Any, registry: Registry, name: str) -> bool:
    """Whether a dict builds a class of a name, or one derived from it.

    Args:
        node: The dict.
        registry: Where its ``type`` is looked up.
        name: Name of the class.
    """
    return name in lineage(find(registry, (node or {}).get('type')))


def is_recluster_hook(hook: dict) -> bool:
    """Whether a dict builds a hook that clusters."""
    return is_a(hook, HOOKS, RECLUSTER_HOOK)


def recluster_hooks(cfg: Config) -> list[dict]:
    """The hooks of a config that cluster."""
    return [
        h for h in as_dicts(cfg.get('custom_hooks')) if is_recluster_hook(h)
    ]
