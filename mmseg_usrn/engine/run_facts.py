"""What makes a run the same run, so that it can be resumed."""

import hashlib
import os.path as osp
from typing import Any

from mmengine.runner import Runner
from mmseg.models.segmentors import EncoderDecoder

from .config_checks.listing import RECLUSTER_HOOK, recluster_hooks
from .config_checks.signatures import parameters_of
from .hooks.subclass_recluster_hook import train_dataset, unwrap

FACTS = 'run_facts'
"""Entry of a checkpoint's ``meta``."""


def run_facts(runner: Runner) -> dict[str, str]:
    """Settings and data that a run must not change on its way.

    Args:
        runner: With its train loop built.

    Returns:
        What they are, by what the user calls them.
    """
    cfg = runner.cfg
    dataset = train_dataset(runner)
    labeled = getattr(dataset, 'labeled', dataset)
    hooks = [{**hook, 'num_workers': None} for hook in recluster_hooks(cfg)]
    facts: dict[str, Any] = {
        'labeled images': _digest(labeled),
        'classes': getattr(labeled, 'metainfo', {}).get('classes'),
        'AddCellMap.stride': getattr(dataset, 'cell_stride', None),
        'model.type': cfg.model.type,
        **_settings_of_method(cfg.model, type(unwrap(runner.model))),
        'param_scheduler': cfg.get('param_scheduler'),
        'optim_wrapper.optimizer': cfg.optim_wrapper.get('optimizer'),
        RECLUSTER_HOOK: hooks,
    }
    return {name: str(_plain(value)) for name, value in facts.items()}


def check_facts(before: dict[str, str], now: dict[str, str]) -> None:
    """Refuse to resume another run.

    Args:
        before: Facts of the checkpoint.
        now: Facts of this run.

    Raises:
        ValueError: If one of them has changed; all that have are named.
    """
    changed = [
        name for name, value in now.items() if before.get(name, value) != value
    ]
    if not changed:
        return
    lines = [
        f'  {name}: {before[name]} in the checkpoint, {now[name]} now\n'
        for name in changed
    ]
    options = [f'{n}={before[n]}' for n in changed if n.startswith('model.')]
    how = f' (--cfg-options {" ".join(options)})' if options else ''
    raise ValueError(
        f'this is not the run of the checkpoint:\n{"".join(lines)}'
        f'restore the settings{how}, or start a new run from its weights: '
        '--cfg-options load_from=CHECKPOINT, without --resume, in another '
        '--work-dir'
    )


def _settings_of_method(model: dict, cls: type) -> dict[str, Any]:
    """What a model takes beside the arguments of a stock one.

    Args:
        model: Its config.
        cls: Its class, for the defaults of what the config leaves out.
    """
    stock, _ = parameters_of(EncoderDecoder)
    settings = {}
    for name, parameter in parameters_of(cls)[0].items():
        if name not in stock:
            value = model.get(name, parameter.default)
            if isinstance(parameter.default, float) and value is not None:
                value = float(value)  # 1 is 1.0
            settings[f'model.{name}'] = value
    return settings


def _digest(dataset: Any) -> str:
    """Number of images, and a digest of their names in their order."""
    if not hasattr(dataset, 'get_data_info'):
        return f'{len(dataset)}'
    names = hashlib.sha256()
    for index in range(len(dataset)):
        path = dataset.get_data_info(index).get('img_path', '')
        names.update(osp.basename(path).encode() + b'\0')
    return f'{len(dataset)} (names {names.hexdigest()[:8]})'


def _plain(value: Any) -> Any:
    """Without the types of configs, which print in other ways."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
