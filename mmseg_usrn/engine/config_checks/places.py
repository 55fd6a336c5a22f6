"""What stands where in a config: registries, classes, plain settings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry, root
from mmseg import registry

from .signatures import lineage

BUILT: tuple[str, ...] = (
    *('model', 'train_dataloader', 'val_dataloader', 'test_dataloader'),
    *('train_cfg', 'val_cfg', 'test_cfg', 'val_evaluator', 'test_evaluator'),
    *('optim_wrapper', 'param_scheduler', 'default_hooks', 'custom_hooks'),
    *('visualizer', 'log_processor', 'auto_scale_lr', 'randomness'),
    *('env_cfg', 'model_wrapper_cfg', 'tta_model', 'tta_pipeline'),
)
"""Entries of a config that something is built from."""

TESTED: tuple[str, ...] = (
    *('model', 'test_dataloader', 'test_cfg', 'test_evaluator'),
)
"""Those that a test reads."""

OTHERS = (
    *('default_scope', 'work_dir', 'load_from', 'resume', 'log_level'),
    *('launcher', 'experiment_name', 'data_preprocessor', 'compile'),
    *('find_unused_parameters', 'sync_bn', 'custom_imports', 'runner_type'),
    *('activation_checkpointing', 'efficient_conv_bn_eval', 'cfg'),
    *('how_to_prepare', 'baseline'),
)
"""Entries that are read as they are."""

# The registry of a dict with a type, by the nearest key above it.
REGISTRIES = dict(
    optim_wrapper=registry.OPTIM_WRAPPERS,
    optimizer=registry.OPTIMIZERS,
    param_scheduler=registry.PARAM_SCHEDULERS,
    default_hooks=registry.HOOKS,
    custom_hooks=registry.HOOKS,
    visualizer=registry.VISUALIZERS,
    vis_backends=registry.VISBACKENDS,
    val_evaluator=registry.METRICS,
    test_evaluator=registry.METRICS,
    log_processor=registry.LOG_PROCESSORS,
    model_wrapper_cfg=registry.MODEL_WRAPPERS,
    dataset=registry.DATASETS,
    datasets=registry.DATASETS,
    labeled=registry.DATASETS,
    unlabeled=registry.DATASETS,
    sampler=registry.DATA_SAMPLERS,
    batch_sampler=registry.DATA_SAMPLERS,
    collate_fn=root.FUNCTIONS,
    worker_init_fn=root.FUNCTIONS,
    init_cfg=registry.WEIGHT_INITIALIZERS,
)
FOREIGN = (('Albu', 'transforms'),)
"""Types and keys whose dicts are those of another package."""

WORDS = frozenset(('clip_grad', 'on_trace_ready'))
"""Keys of dicts whose type is a word of MMEngine's, not a class."""

OF_BUILDERS = frozenset(
    (
        *('self', 'params', 'runner', 'dataloader', 'num_features', 'dataset'),
        *('evaluator', 'module', 'save_dir', 'optimizer', 'param_name'),
        *('sampler', 'batch_size'),
    )
)
"""Arguments that are not given by a config."""

EXTRA = dict(
    optim_wrapper=('optimizer', 'constructor', 'paramwise_cfg'),
    param_scheduler=('convert_to_iter_based', 'optimizer'),
    hook=('priority',),
    init_cfg=('override',),
    override=('name',),
    norm_cfg=('requires_grad', 'eps', 'momentum', 'affine'),
)
"""What builders take out of a dict before the class sees it."""


@dataclass(frozen=True)
class Place:
    """A dict in a config.

    Attributes:
        path: Keys and indices that lead to it.
        config: The dict.
        registry: Where its ``type`` is looked up; None without a type.
        cls: What its ``type`` names; None if there is no such thing.
    """

    path: tuple
    config: Mapping
    registry: Registry | None
    cls: Callable | None

    @property
    def name(self) -> str:
        """The path, joined by dots."""
        return dotted(self.path)

    @property
    def key(self) -> str:
        """The last key, without an index."""
        return last_key(self.path)

    def at(self, key: str) -> str:
        """Path of a setting of this dict."""
        return dotted((*self.path, key))


def dotted(path: tuple) -> str:
    """Keys joined by dots."""
    return '.'.join(map(str, path))


def last_key(path: tuple) -> str:
    """The last entry of a path that is no index."""
    names = [key for key in path if not isinstance(key, int)]
    return names[-1] if names else ''


def places(cfg: Config, roots: tuple[str, ...] = BUILT) -> Iterator[Place]:
    """All dicts of a config that something is built from.

    Args:
        cfg: A whole config.
        roots: Entries to look at.
    """
    for name in roots:
        if cfg.get(name) is not None:
            yield from walk(cfg[name], (name,))


def walk(node: Any, path: tuple) -> Iterator[Place]:
    """All dicts at a place and below it.

    Args:
        node: What stands there.
        path: The keys that lead to it.
    """
    if isinstance(node, Mapping):
        place = place_at(path, node)
        yield place
        names = lineage(place.cls)
        for key, child in node.items():
            if not any((name, key) in FOREIGN for name in names):
                yield from walk(child, (*path, key))
    elif isinstance(node, list | tuple):
        for index, child in enumerate(node):
            yield from walk(child, (*path, index))


def place_at(path: tuple, node: Mapping) -> Place:
    """What a dict at a place is.

    Args:
        path: The keys that lead to it.
        node: The dict.
    """
    if 'type' not in node or path[-1] in WORDS:
        return Place(path, node, None, None)
    kind = registry_at(path)
    return Place(path, node, kind, find(kind, node['type']))


def registry_at(path: tuple) -> Registry:
    """The registry that the type of a dict at a place is looked up in."""
    keys = [key for key in path if not isinstance(key, int)]
    top, last = keys[0], keys[-1]
    if any(str(key).endswith('pipeline') for key in keys):
        return registry.TRANSFORMS
    if top in ('model', 'tta_model'):
        initial = last in ('init_cfg', 'override')
        return REGISTRIES['init_cfg'] if initial else registry.MODELS
    if last in ('train_cfg', 'val_cfg', 'test_cfg'):
        return registry.LOOPS
    for key in reversed(keys):
        if key in REGISTRIES:
            return REGISTRIES[key]
    return registry.MODELS


def find(kind: Registry, name: Any) -> Callable | None:
    """What a type names: in its registry, or else in any.

    Args:
        kind: The registry of the place.
        name: A name, with or without a scope, or the thing itself.
    """
    if not isinstance(name, str):
        return name if callable(name) else None
    found = _get(kind, name)
    if found is None:
        others = (getattr(root, n) for n in dir(root) if n.isupper())
        for other in others:
            mine = getattr(registry, _variable(other), other)
            if isinstance(mine, Registry) and mine is not kind:
                found = found or _get(mine, name)
    return found


@cache
def _variable(kind: Registry) -> str:
    """Name of the variable that holds a registry of MMEngine."""
    return next(n for n in dir(root) if getattr(root, n) is kind)


@cache
def _get(kind: Registry, name: str) -> Callable | None:
    try:
        return kind.get(name)
    # A dotted name of a module that does not exist.
    except (ImportError, AttributeError, ValueError):
        return None


def names_in(kind: Registry) -> list[str]:
    """All names of a registry and of the one above it."""
    names = list(kind.module_dict)
    return names + (list(kind.parent.module_dict) if kind.parent else [])


def extra_keys(place: Place) -> tuple[str, ...]:
    """Keys beside the arguments of the class at a place."""
    common = ('type', '_scope_')
    if place.key == 'norm_cfg':
        return common + EXTRA['norm_cfg']
    if 'custom_hooks' in place.path or 'default_hooks' in place.path:
        return common + EXTRA['hook']
    return (
        common + EXTRA.get(str(place.path[-1]), ()) + EXTRA.get(place.key, ())
    )
