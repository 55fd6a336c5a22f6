"""Runs in several processes, on GPUs and on CPUs."""

import gc
import logging
import os
from datetime import timedelta

import torch
import torch.distributed as torch_dist
from mmengine.config import Config
from mmengine.dist import all_gather_object, all_reduce
from mmengine.logging import MMLogger, print_log
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from mmseg_usrn.compat import wait_for_yapf

WORLD_SIZE = {
    'pytorch': 'WORLD_SIZE',
    'slurm': 'SLURM_NTASKS',
    'mpi': 'OMPI_COMM_WORLD_SIZE',
}
"""Environment variable that holds the number of processes, by launcher."""

RANK = {
    'pytorch': 'RANK',
    'slurm': 'SLURM_PROCID',
    'mpi': 'OMPI_COMM_WORLD_RANK',
}
"""Environment variable that holds the number of this process."""


def num_processes(launcher: str) -> int:
    """Number of processes that the launcher has started."""
    return int(os.environ.get(WORLD_SIZE.get(launcher, ''), 1))


def process_rank(launcher: str) -> int:
    """Number of this process, before there is a process group as well."""
    return int(os.environ.get(RANK.get(launcher, ''), 0))


def let_first_rank_speak(launcher: str) -> None:
    """Log what every rank says once, as MMEngine does with a process group.

    Args:
        launcher: What has started the processes.
    """
    if process_rank(launcher):
        MMLogger.get_current_instance().setLevel(logging.ERROR)


def prepare_launch(cfg: Config) -> None:
    """Make a distributed run work on CPUs as it does on GPUs, in place.

    The model wrapper is :class:`~mmseg_usrn.models.TwoPassDataParallel` if
    the config names no other.

    MMEngine assumes a GPU per process. Without one, the gloo process group is
    made here (MMEngine keeps a group that exists), the model wrapper gets no
    device ids, and synchronised batch norm, which needs GPUs, becomes plain
    batch norm with averaged statistics.

    Args:
        cfg: The config of the run.

    Raises:
        ValueError: If the launcher needs GPUs and there are none.
    """
    if cfg.launcher == 'none':
        return
    wait_for_yapf()
    hooks = cfg.get('custom_hooks') or []
    cfg.custom_hooks = [*hooks, dict(type='AverageNormHook')]
    # MMEngine reads the entry `find_unused_parameters` where there is no
    # model_wrapper_cfg only.
    wrapper = cfg.get('model_wrapper_cfg') or dict(
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )
    cfg.model_wrapper_cfg = {'type': 'TwoPassDataParallel', **wrapper}
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
    cfg.model_wrapper_cfg.setdefault('broadcast_buffers', False)
    cfg.model_wrapper_cfg.device_ids = None
    if replace_sync_bn(cfg.model):
        print_log('no GPU: SyncBN is replaced by BN', logger='current')


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


def raise_on_all_ranks(error: Exception | None) -> None:
    """Raise on every rank what one of them has found.

    A rank that ends alone leaves the others waiting for it. All ranks call
    this together.

    Args:
        error: What this rank has found, None if nothing.
    """
    found = torch.tensor(int(error is not None))
    all_reduce(found, 'max')
    if found:
        raise next(filter(None, all_gather_object(error)))


def leave_process_group() -> None:
    """End the threads of the process group, the last step of a tool.

    A gloo group's threads may hold the result of the last collective. Where
    they are still alive when Python ends, the process is aborted once in a
    while. They end with the last reference to the group, and a runner that
    went out of scope is a cycle of references that keeps one.
    """
    if torch_dist.is_initialized():
        _end_data_workers()
        gc.collect()
        torch_dist.destroy_process_group()


def _end_data_workers() -> None:
    """End the data workers while the queues that reach them are whole.

    When Python collects a cycle, it ends the queues of a loader before the
    loader, which then cannot tell its workers to end and waits 5 seconds for
    each.
    """
    for item in gc.get_objects():
        if type(item) is _MultiProcessingDataLoaderIter:
            item._shutdown_workers()
