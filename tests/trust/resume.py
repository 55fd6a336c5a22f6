"""Runs that are resumed after each of their iterations."""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dist import is_distributed
from mmengine.logging import HistoryBuffer, MessageHub, MMLogger
from mmengine.visualization import Visualizer

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.engine.distributed import prepare_launch
from mmseg_usrn.engine.safe_runner import SafeRunner
from mmseg_usrn.engine.work_dir import write_pointer
from mmseg_usrn.models.checkpoints import protect_loading, read_checkpoint
from tests.ranks import run_ranks
from tests.toy import toy_config, write_toy_images
from tests.trust.table import Group, Row

LENGTH = 6
STEPS = tuple(range(1, LENGTH + 1))
EQUAL = 'equal to the bit'


def groups() -> Iterator[Group]:
    """All variants of the toy run, in one process and in two."""
    for name in VARIANTS:
        for ranks in (1, 2):
            case = f'{name}, {ranks} ranks' if ranks > 1 else name
            yield Group(case, partial(_rows, name, ranks, case))


def _rows(name: str, ranks: int, case: str, folder: Path) -> Iterator[Row]:
    config = write_config(name, folder)
    found = folder / 'found.txt'
    if ranks == 1:
        resume_at_each(config, folder, *STEPS)
    else:
        run_ranks(resume_at_each, config, folder, *STEPS)
    for step, line in zip(STEPS, found.read_text().splitlines(), strict=True):
        yield Row(f'{case}, resumed after {step}', EQUAL, line)


def resume_at_each(
    config: Path | str, folder: Path | str, *steps: int | str
) -> None:
    """Compare the ends of runs that are resumed after some iterations.

    Args:
        config: What :func:`write_config` has written.
        folder: Where they run; ``found.txt`` there gets a line for each
            step.
        *steps: Iterations after which they are resumed.
    """
    first = int(os.environ.get('RANK', 0)) == 0
    whole = Path(folder, 'whole')
    train(config, whole)
    for step in map(int, steps):
        part = Path(folder, f'part{step}')
        if first:
            copy_until(whole, part, step)
        if is_distributed():
            torch.distributed.barrier()
        train(config, part, resume=True)
        if first:
            with open(Path(folder, 'found.txt'), 'a') as file:
                file.write(f'{compare_ends(whole, part)}\n')


def train(config: Path | str, work_dir: Path, resume: bool = False) -> None:
    """One training in this process; all ranks call it."""
    for manager in (MessageHub, MMLogger, Visualizer):
        manager._instance_dict.clear()
    cfg = Config.fromfile(config)
    cfg.work_dir, cfg.resume = str(work_dir), resume
    cfg.launcher = 'pytorch' if is_distributed() else 'none'
    prepare_launch(cfg)
    protect_loading()
    # Most of the time would go into the layout of the config's text, which
    # is made anew for each checkpoint.
    with patch.object(Config, 'pretty_text', property(str)):
        SafeRunner.from_cfg(cfg).train()


def copy_until(whole: Path, part: Path, step: int) -> None:
    """The work dir as it was after some iterations."""
    part.mkdir()
    for path in whole.glob('*.pth'):
        if int(path.stem.split('_')[-1]) <= step:
            shutil.copy(path, part)
    write_pointer(part, part / f'iter_{step}.pth')


def compare_ends(whole: Path, part: Path) -> str:
    """How the last checkpoints of two runs differ, and their files."""
    ends = [read(folder / f'iter_{LENGTH}.pth') for folder in (whole, part)]
    found = differences(*ends)
    names = [sorted(p.name for p in d.glob('*.pth')) for d in (whole, part)]
    if names[0] != names[1]:
        found.append(f'files: {names}')
    return ', '.join(found[:3]) or EQUAL


def read(path: Path) -> dict:
    """What must be equal: all but times and folders."""
    found = read_checkpoint(str(path))
    found.pop('meta')
    hub = found['message_hub']
    for name in list(hub['log_scalars']):
        if 'time' in name or 'memory' in name:
            del hub['log_scalars'][name]
    info = hub['runtime_info']
    for name in ('cfg', 'experiment_name'):
        info.pop(name, None)
    for name in ('last_ckpt', 'best_ckpt'):
        if info.get(name):
            info[name] = Path(info[name]).name
    return found


def differences(a: Any, b: Any, where: str = '') -> list[str]:
    """Paths at which two nested values differ."""
    if isinstance(a, HistoryBuffer):
        a, b = a.data, b.data
    if isinstance(a, dict):
        if a.keys() != b.keys():
            return [f'{where}: {a.keys() ^ b.keys()}']
        return [d for k in a for d in differences(a[k], b[k], f'{where}.{k}')]
    if isinstance(a, list | tuple):
        if len(a) != len(b):
            return [f'{where}: {len(a)} and {len(b)}']
        pairs = enumerate(zip(a, b, strict=True))
        return [d for i, p in pairs for d in differences(*p, f'{where}.{i}')]
    if isinstance(a, torch.Tensor):
        return [] if a.dtype == b.dtype and torch.equal(a, b) else [where]
    if isinstance(a, np.ndarray):
        return [] if np.array_equal(a, b) else [where]
    return [] if a == b else [f'{where}: {a} and {b}']


def write_config(name: str, folder: Path) -> Path:
    """A toy run that saves each iteration.

    Args:
        name: Of :data:`VARIANTS`.
        folder: Where its images and its config go.
    """
    root = folder / 'toy'
    write_toy_images(root)
    cfg = toy_config(root, folder / 'work_dir')
    cfg.pop('work_dir')
    cfg.optim_wrapper = dict(
        type='OptimWrapper',
        constructor='GroupedOptimWrapperConstructor',
        optimizer=dict(type='AdamW', lr=0.01),
        paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))),
    )
    cfg.param_scheduler = [dict(type='PolyLR', end=LENGTH, by_epoch=False)]
    cfg.randomness = dict(seed=3, diff_rank_seed=True)
    cfg.train_cfg.val_interval = 2
    cfg.default_hooks.checkpoint.update(interval=1, save_best='mIoU')
    VARIANTS[name](cfg)
    cfg.dump(folder / 'config.py')
    return folder / 'config.py'


def _baseline(cfg: Config) -> None:
    cfg.train_dataloader.dataset = cfg.train_dataloader.dataset.labeled
    cfg.custom_hooks = []
    cfg.model.type = 'EncoderDecoder'
    del cfg.model['num_subclasses']


def _self_training(cfg: Config) -> None:
    cfg.custom_hooks = []
    cfg.model.update(type='SelfTraining', warmup_iters=2)
    cfg.model.teacher_momentum = 0.1
    del cfg.model['num_subclasses']


def _ema(cfg: Config) -> None:
    cfg.custom_hooks.append(dict(type='EMAHook', momentum=0.1))


def _accumulation(cfg: Config) -> None:
    cfg.optim_wrapper.accumulative_counts = 2


def _pictures(cfg: Config) -> None:
    cfg.custom_hooks.append(
        dict(type='PseudoLabelVisualizationHook', interval=1)
    )


def _workers(cfg: Config) -> None:
    cfg.train_dataloader.num_workers = 2
    cfg.custom_hooks[0].num_workers = 1


VARIANTS: dict[str, Callable[[Config], Any]] = {
    'usrn': lambda cfg: None,
    'workers': _workers,
    'accumulation': _accumulation,
    'ema': _ema,
    'pictures': _pictures,
    'self_training': _self_training,
    'baseline': _baseline,
}
"""Toy runs with a part that has a state of its own."""
