"""Config of a run, from the arguments of a command line."""

import logging
import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log
from mmseg.registry import MODELS

from mmseg_usrn.config_file import KeyValueAction, read_config
from mmseg_usrn.datasets.paired_dataset import of_split
from mmseg_usrn.evaluation import use_exact_metrics
from mmseg_usrn.models.checkpoints import (
    add_branch_keys,
    protect_loading,
    stock_model,
)

from .config_checks import check_config, check_dicts, check_options
from .config_checks.listing import (
    RECLUSTER_HOOK,
    is_a,
    is_recluster_hook,
    recluster_hooks,
)
from .config_checks.paths import check_paths
from .distributed import (
    let_first_rank_speak,
    num_processes,
    prepare_launch,
)
from .work_dir import check_work_dir

TO_TRAIN = ('train_dataloader', 'train_cfg', 'optim_wrapper')
TO_TEST = ('test_dataloader', 'test_cfg', 'test_evaluator')


def add_common_arguments(parser: ArgumentParser) -> None:
    """Add the arguments that training and testing share with MMSeg's tools."""
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--work-dir',
        help='folder for logs and results (default: work_dirs/CONFIG_NAME)',
    )
    add_options_argument(parser)
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes (dist_train.sh uses pytorch)',
    )
    add_trust_argument(parser)
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def add_options_argument(parser: ArgumentParser) -> None:
    """Add the argument that :func:`merge_options` reads."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValueAction,
        help='settings that override the config, as key=value',
    )


def add_trust_argument(parser: ArgumentParser) -> None:
    """Add the argument that lets a tool read any checkpoint."""
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='read checkpoints that hold more than weights and plain values; '
        'they could run any program',
    )


def load_config(
    args: Namespace,
    dataloaders: tuple[str, ...] = ('train_dataloader', 'val_dataloader'),
    baseline: bool = False,
    feature_checkpoint: str | None = None,
) -> Config:
    """Read the config and apply the common arguments.

    What a recipe's entry ``baseline`` sets counts for its baseline only. The
    batch size of a training is set per process such that the global batch
    stays that of the recipe (``auto_scale_lr.base_batch_size``) on any number
    of processes, unless ``--cfg-options`` set ``train_dataloader.batch_size``.

    Args:
        args: Parsed arguments of :func:`add_common_arguments`.
        dataloaders: Entries of the config whose data must be there.
        baseline: Whether to train the supervised baseline of the recipe.
        feature_checkpoint: Trained model whose features are clustered.

    Returns:
        A config that the runner can be built from.

    Raises:
        ValueError: If the config or data of it do not exist, or the launcher
            needs GPUs.
    """
    let_first_rank_speak(args.launcher)
    cfg = read_config(args.config)
    check_entries(cfg, args.config, dataloaders)
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    protect_loading(args.trust_checkpoint)
    cfg.launcher = args.launcher
    of_baseline = cfg.pop('baseline', None) or {}
    cfg.merge_from_dict(of_baseline if baseline else {})
    merge_options(cfg, args)
    check_dicts(cfg)
    if feature_checkpoint:
        set_feature_checkpoint(cfg, feature_checkpoint)
    if baseline:
        to_baseline(cfg)
    elif is_a(cfg.get('model'), MODELS, 'USRN'):
        wrapper = cfg.get('optim_wrapper') or {}
        add_branch_keys(wrapper.get('paramwise_cfg'))
    is_training = 'train_dataloader' in dataloaders
    given = 'train_dataloader.batch_size' in (args.cfg_options or {})
    if is_training and not given:
        set_batch_size(cfg, num_processes(cfg.launcher))
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    if cfg.get('work_dir') is None:
        suffix = '_baseline' if baseline else ''
        cfg.work_dir = f'work_dirs/{Path(args.config).stem}{suffix}'
    check_work_dir(cfg.work_dir)
    use_exact_metrics(cfg)
    check_config(cfg, dataloaders)
    prepare_launch(cfg)
    if is_training:
        warn_about_batch_size(cfg, num_processes(cfg.launcher))
    check_paths(cfg, dataloaders)
    return cfg


def merge_options(cfg: Config, args: Namespace) -> None:
    """Apply the settings of the command line, in place.

    Args:
        cfg: The config as it was read.
        args: With the config's file as ``config``, and ``cfg_options``.

    Raises:
        ValueError: If nothing reads them, or they do not fit.
    """
    options = args.cfg_options or {}
    check_options(cfg, options)
    try:
        cfg.merge_from_dict(options)
    except Exception as error:  # keys of lists, of values, of nothing
        raise ValueError(
            f'--cfg-options do not fit {args.config}: {error}'
        ) from error


def check_entries(
    cfg: Config, path: str, dataloaders: tuple[str, ...]
) -> None:
    """Refuse a config that is only a part of one.

    Args:
        cfg: The config as it was read.
        path: Its file, for the message.
        dataloaders: Entries whose data are used.

    Raises:
        ValueError: If entries are missing; all of them are named.
    """
    training = 'train_dataloader' in dataloaders
    needed = ['model', *(TO_TRAIN if training else TO_TEST)]
    missing = [name for name in needed if cfg.get(name) is None]
    if missing:
        raise ValueError(
            f'{path} has no {", ".join(missing)}: is it a whole recipe, or '
            'one of the parts that a recipe names as its _base_?'
        )


def to_baseline(cfg: Config) -> None:
    """Turn a recipe into its supervised baseline, in place.

    The stock model learns from the labeled images alone, with the budget and
    the augmentation of the recipe.

    Args:
        cfg: The merged config of a semi-supervised recipe.

    Raises:
        ValueError: If the config has no labeled and unlabeled part.
    """
    dataset = cfg.train_dataloader.dataset
    if 'labeled' not in dataset:
        raise ValueError(
            '--baseline trains on the labeled part of a PairedDataset, but '
            f'train_dataloader.dataset is a {dataset.get("type")}: leave '
            '--baseline out'
        )
    cfg.train_dataloader.dataset = of_split(
        dataset.get('split_dir'), 'labeled', dataset.labeled
    )
    cfg.model = stock_model(cfg.model)
    hooks = cfg.get('custom_hooks') or []
    cfg.custom_hooks = [h for h in hooks if not is_recluster_hook(h)]


def set_feature_checkpoint(cfg: Config, checkpoint: str) -> None:
    """Let the subclasses come from the features of a trained model, in place.

    Args:
        cfg: The config of the run.
        checkpoint: Checkpoint of a stock or USRN model.

    Raises:
        ValueError: If nothing is clustered in this run.
    """
    hooks = recluster_hooks(cfg)
    if not hooks:
        raise ValueError(
            f'--feature-checkpoint needs a {RECLUSTER_HOOK} among the '
            'custom_hooks of the config; is its model a USRN?'
        )
    hooks[0]['feature_checkpoint'] = checkpoint


def set_batch_size(cfg: Config, processes: int) -> None:
    """Divide the recipe's global batch among processes and steps, in place."""
    global_batch = (cfg.get('auto_scale_lr') or {}).get('base_batch_size')
    if not global_batch or not cfg.get('train_dataloader'):
        return
    steps = _accumulated(cfg)
    batch_size = max(1, global_batch // (processes * steps))
    before = cfg.train_dataloader.get('batch_size')
    if before != batch_size:
        among = f' and {steps} accumulated batches' if steps > 1 else ''
        print_log(
            f'batch_size is {batch_size} instead of {before}: the global '
            f'batch of the recipe, auto_scale_lr.base_batch_size='
            f'{global_batch}, is divided among {processes} process(es)'
            f'{among}; change that entry, or use --cfg-options '
            'train_dataloader.batch_size=...',
            logger='current',
        )
    cfg.train_dataloader.batch_size = batch_size


def _accumulated(cfg: Config) -> int:
    """Batches whose gradients make one step; 1 if it is no such number."""
    count = (cfg.get('optim_wrapper') or {}).get('accumulative_counts')
    return count if isinstance(count, int) and count > 0 else 1


def warn_about_batch_size(cfg: Config, processes: int) -> None:
    """Say so if the global batch is not the recipe's."""
    recipe = (cfg.get('auto_scale_lr') or {}).get('base_batch_size')
    if not recipe or not cfg.get('train_dataloader'):
        return
    per_process = cfg.train_dataloader.batch_size
    actual = per_process * processes * _accumulated(cfg)
    if actual != recipe:
        print_log(
            f'the global batch is {actual} labeled images, the recipe was '
            f'made for {recipe}: the results will differ (MMEngine scales '
            'the learning rate with --cfg-options auto_scale_lr.enable=True)',
            logger='current',
            level=logging.WARNING,
        )
