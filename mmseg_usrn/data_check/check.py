"""The data check of a config, as a command and before training."""

import os.path as osp
from pathlib import Path

from mmengine import dist
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_usrn.datasets.paired_dataset import of_split

from .findings import make_report
from .report import DataReport, error
from .scan import scan
from .settings import setting_findings

CACHE_NAME = 'data_check.json'


def check_data(
    labeled: BaseDataset | None,
    unlabeled: BaseDataset | None = None,
    val: BaseDataset | None = None,
    **options,
) -> DataReport:
    """Look at every file of the data, and list all that is wrong.

    Args:
        labeled: Labeled part; any dataset of MMSegmentation.
        unlabeled: Unlabeled part; its masks, if any, are not looked at.
        val: Validation part.
        **options: As for :func:`~mmseg_usrn.data_check.scan.scan`.

    Returns:
        The report; ``report.raise_on_errors()`` refuses bad data.
    """
    datasets = dict(labeled=labeled, unlabeled=unlabeled, val=val)
    return make_report(scan(datasets, **options))


def check_config(
    cfg: Config, cache_file: str | Path | None = None
) -> DataReport:
    """Check the data that a config trains and validates on.

    Args:
        cfg: A whole config; paired or supervised.
        cache_file: JSON file for what was seen. Defaults to none.

    Returns:
        The report. A part that cannot be built is an error in it.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    train = cfg.train_dataloader.dataset
    paired = 'labeled' in train and 'unlabeled' in train
    configs = {'labeled': train}
    if paired:
        configs = {
            part: of_split(train.get('split_dir'), part, train[part])
            for part in ('labeled', 'unlabeled')
        }
    configs.update(
        val=(cfg.get('val_dataloader') or {}).get('dataset'),
    )
    advice = cfg.get('how_to_prepare', 'correct the paths and files')
    datasets, broken = {}, []
    for name, config in configs.items():
        try:
            datasets[name] = _build(config)
        except (ValueError, OSError, AssertionError) as reason:
            problem = f'cannot be loaded: {reason}'
            if isinstance(reason, UnicodeDecodeError):
                problem = f'{config["ann_file"]} is no list of names'
            broken.append(error(name, problem, advice))
    seen = scan(datasets, _num_classes(cfg.model), cache_file)
    report = make_report(seen)
    report.findings = [
        *broken,
        *setting_findings(cfg, seen),
        *report.findings,
    ]
    return report


def _build(config: dict | None) -> BaseDataset | None:
    """Build the dataset of a part."""
    if config is None:
        return None
    dataset = DATASETS.build(config)
    if hasattr(dataset, 'full_init'):
        dataset.full_init()
    return dataset


def _num_classes(model: dict) -> int | None:
    """Outputs of the model's last decode head."""
    head = model.get('decode_head') or {}
    if isinstance(head, (list, tuple)):
        head = head[-1]
    return head.get('num_classes')


def check_before_training(cfg: Config) -> None:
    """Check the data once for all processes; refuse to train on errors.

    What was seen is kept in the work directory, so that only changed files
    are read again at the next start. Warnings are logged.

    Args:
        cfg: A whole config with ``work_dir``.

    Raises:
        ValueError: In every process, if there is an error.
    """
    outcome = [None]
    if dist.is_main_process():
        outcome[0] = check_config(cfg, osp.join(cfg.work_dir, CACHE_NAME))
    dist.broadcast_object_list(outcome)
    report = outcome[0]
    if report.errors and not dist.is_main_process():
        raise ValueError('the data have errors; the first process lists them')
    report.raise_on_errors()
    print_log(report.table(), logger='current')
