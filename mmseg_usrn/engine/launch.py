"""From a command line to a config that runs on this machine."""

import gc
import logging
import os
import re
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from pickle import UnpicklingError

import torch
import torch.distributed as torch_dist
from mmengine.config import Config, DictAction
from mmengine.logging import print_log
from mmengine.runner import find_latest_checkpoint

from .baseline import adapt_options, drop_usrn_settings

WORLD_SIZE = {
    'pytorch': 'WORLD_SIZE',
    'slurm': 'SLURM_NTASKS',
    'mpi': 'OMPI_COMM_WORLD_SIZE',
}
"""Environment variable that holds the number of processes, by launcher."""


def add_common_arguments(parser: ArgumentParser) -> None:
    """Add the arguments that training and testing share with MMSeg's tools."""
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--work-dir',
        help='folder for logs and results (default: work_dirs/CONFIG_NAME)',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings that override the config, as key=value',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes (dist_train.sh uses pytorch)',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def load_config(
    args: Namespace,
    dataloaders: tuple[str, ...] = ('train_dataloader', 'val_dataloader'),
) -> Config:
    """Read the config and apply the common arguments.

    The batch size per process is set such that the global batch stays that
    of the recipe (``auto_scale_lr.base_batch_size``) on any number of
    processes; ``--cfg-options train_dataloader.batch_size=...`` overrides it.

    Args:
        args: Parsed arguments of :func:`add_common_arguments`.
        dataloaders: Entries of the config whose data must be there.

    Returns:
        A config that the runner can be built from.

    Raises:
        SystemExit: With the reason, if the config or data of it do not exist
            or the launcher needs GPUs.
    """
    try:
        return _load_config(args, dataloaders)
    except ValueError as error:
        raise SystemExit(f'error: {error}') from None


def _load_config(args: Namespace, dataloaders: tuple[str, ...]) -> Config:
    if not Path(args.config).is_file():
        raise ValueError(f'there is no config file {args.config}')
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    num_processes = int(os.environ.get(WORLD_SIZE.get(args.launcher, ''), 1))
    options = args.cfg_options or {}
    cfg.merge_from_dict(adapt_options(cfg, options))
    drop_usrn_settings(cfg)
    if 'train_dataloader.batch_size' not in options:
        set_batch_size(cfg, num_processes)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    cfg.setdefault('work_dir', f'work_dirs/{Path(args.config).stem}')
    prepare_launch(cfg)
    warn_about_batch_size(cfg, num_processes)
    check_paths(cfg, dataloaders)
    return cfg


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
        raise ValueError(f'data not found:\n{listing}\nTo mend it: {advice}')


def expect_frozen_teacher(logger: logging.Logger) -> None:
    """Leave out the warnings that the optimiser skips the teacher's weights.

    MMEngine gives one for each of its hundreds of weights.

    Args:
        logger: The runner's.
    """
    logger.addFilter(
        lambda record: (
            not re.match(
                r'teacher\..* is skipped since its requires_grad=False',
                record.getMessage(),
            )
        )
    )


def resume_earlier_run(cfg: Config) -> None:
    """Continue the run in the work dir, if there is one.

    Without this, MMEngine would resume from ``load_from``, the weights that
    the run began with.

    Args:
        cfg: The config of the run; changed in place.
    """
    cfg.resume = find_latest_checkpoint(cfg.work_dir) is not None
    if cfg.resume:
        cfg.load_from = None
    elif cfg.get('load_from'):
        print_log(
            f'--resume found no checkpoint in {cfg.work_dir}: this run starts '
            f'at iteration 0, from the weights of {cfg.load_from}; to go on '
            "with another folder's run, name that folder by --work-dir",
            logger='current',
            level=logging.WARNING,
        )


def warn_about_earlier_run(cfg: Config) -> None:
    """Say so if the work dir holds a run that this one would overwrite."""
    if not cfg.resume and Path(cfg.work_dir, 'last_checkpoint').is_file():
        print_log(
            f'{cfg.work_dir} holds checkpoints of an earlier run, which are '
            'overwritten as this run gets there; --resume continues that '
            'run, --work-dir chooses another folder',
            logger='current',
            level=logging.WARNING,
        )


def _missing_paths(node) -> Iterator[str]:
    if isinstance(node, dict):
        if 'data_prefix' in node or 'ann_file' in node:
            root = node.get('data_root') or ''
            prefixes = (node.get('data_prefix') or {}).values()
            for entry in [node.get('ann_file'), *prefixes]:
                for path in entry if isinstance(entry, list) else [entry]:
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


def prepare_launch(cfg: Config) -> None:
    """Make a distributed run work on CPUs as it does on GPUs.

    MMEngine assumes a GPU per process. Without one, the gloo process group is
    made here (MMEngine keeps a group that exists), the model wrapper gets no
    device ids, and synchronised batch norm, which needs GPUs, becomes plain
    batch norm with averaged statistics.

    Args:
        cfg: The config of the run; changed in place.

    Raises:
        ValueError: If the launcher needs GPUs and there are none.
    """
    if cfg.launcher == 'none':
        return
    wait_for_yapf()
    if torch.cuda.is_available():
        return
    if cfg.launcher != 'pytorch':
        raise ValueError(
            f'launcher {cfg.launcher!r} needs GPUs and none was found; on CPU '
            "use --launcher pytorch (tools/dist_train.sh) or 'none'"
        )
    if not torch_dist.is_initialized():
        seconds = cfg.get('env_cfg', {}).get('dist_cfg', {}).get('timeout')
        torch_dist.init_process_group(
            'gloo', timeout=seconds and timedelta(seconds=seconds)
        )
    wrapper = dict(cfg.get('model_wrapper_cfg') or {})
    wrapper.setdefault('type', 'MMDistributedDataParallel')
    wrapper.setdefault('broadcast_buffers', False)
    # MMEngine reads this entry where there is no model_wrapper_cfg only.
    wrapper.setdefault(
        'find_unused_parameters', cfg.get('find_unused_parameters', False)
    )
    cfg.model_wrapper_cfg = {**wrapper, 'device_ids': None}
    if replace_sync_bn(cfg.model):
        print_log('no GPU: SyncBN is replaced by BN', logger='current')
        hooks = cfg.get('custom_hooks') or []
        cfg.custom_hooks = [*hooks, dict(type='AverageNormHook')]


def wait_for_yapf() -> None:
    """Import yapf, with which MMEngine prints configs.

    Its first import in a new environment writes a cache; a process that
    reads it before another one has written it all fails. Tries for 10 s.
    """
    for _ in range(20):
        try:
            import_module('yapf')
            return
        except (EOFError, UnpicklingError):
            time.sleep(0.5)
    import_module('yapf')


def leave_process_group() -> None:
    """End the threads of the process group, the last step of a tool.

    A gloo group's threads may hold the result of the last collective. Where
    they are still alive when Python ends, the process is aborted once in a
    while. They end with the last reference to the group, and a runner that
    went out of scope is a cycle of references that keeps one.
    """
    if torch_dist.is_initialized():
        gc.collect()
        torch_dist.destroy_process_group()


def replace_sync_bn(node) -> bool:
    """Turn every SyncBN of a config into BN, in place.

    Args:
        node: The model's config or any part of it.

    Returns:
        Whether there was one.
    """
    found = False
    if isinstance(node, dict):
        if node.get('type') == 'SyncBN':
            node['type'] = 'BN'
            found = True
        children = list(node.values())
    else:
        children = list(node) if isinstance(node, list | tuple) else []
    for child in children:
        found = replace_sync_bn(child) or found
    return found


def set_batch_size(cfg: Config, num_processes: int) -> None:
    """Divide the recipe's global batch among the processes, in place."""
    global_batch = cfg.get('auto_scale_lr', {}).get('base_batch_size')
    if not global_batch or 'train_dataloader' not in cfg:
        return
    batch_size = max(1, global_batch // num_processes)
    before = cfg.train_dataloader.get('batch_size')
    if before != batch_size:
        print_log(
            f'batch_size is {batch_size} instead of {before}: the global '
            f'batch of the recipe, auto_scale_lr.base_batch_size='
            f'{global_batch}, is divided among {num_processes} process(es); '
            'change that entry, or use --cfg-options '
            'train_dataloader.batch_size=...',
            logger='current',
        )
    cfg.train_dataloader.batch_size = batch_size


def warn_about_batch_size(cfg: Config, num_processes: int) -> None:
    """Say so if the global batch is not the recipe's."""
    recipe = cfg.get('auto_scale_lr', {}).get('base_batch_size')
    if not recipe or 'train_dataloader' not in cfg:
        return
    steps = cfg.get('optim_wrapper', {}).get('accumulative_counts', 1)
    actual = cfg.train_dataloader.batch_size * num_processes * steps
    if actual != recipe:
        print_log(
            f'the global batch is {actual} labeled images, the recipe was '
            f'made for {recipe}: the results will differ (MMEngine scales '
            'the learning rate with --cfg-options auto_scale_lr.enable=True)',
            logger='current',
            level=logging.WARNING,
        )
