"""The data check: all faults of a data set at once, before training."""

import os.path as osp
from collections.abc import Mapping
from pathlib import Path

from mmengine import dist
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from .files import ImageFacts
from .masks import check_classes_present, check_masks
from .overlap import check_overlap
from .parts import Part, describe
from .report import DataReport
from .scan import Scanner

CACHE_NAME = 'data_check.json'


def check_data(
    labeled: BaseDataset | None,
    unlabeled: BaseDataset | None = None,
    val: BaseDataset | None = None,
    *,
    num_classes: int | None = None,
    cache_file: str | Path | None = None,
    num_threads: int | None = None,
    report: DataReport | None = None,
) -> DataReport:
    """Look at every file of the data, and list all that is wrong.

    Every image and mask is decoded once. With ``cache_file`` the next check
    only looks at files that have changed.

    Args:
        labeled: Labeled part; any dataset of MMSegmentation.
        unlabeled: Unlabeled part; its masks, if any, are not looked at.
        val: Validation part.
        num_classes: Outputs of the model. Defaults to the number of classes
            of the datasets.
        cache_file: JSON file for what was seen. Defaults to none.
        num_threads: Files read at a time. Defaults to the number of CPUs.
        report: Report to add to. Defaults to a new one.

    Returns:
        The report; ``report.raise_on_errors()`` refuses bad data.
    """
    report = DataReport() if report is None else report
    scanner = Scanner(cache_file, num_threads)
    datasets = dict(labeled=labeled, unlabeled=unlabeled, val=val)
    parts = {
        name: describe(name, dataset, num_classes)
        for name, dataset in datasets.items()
        if dataset is not None
    }
    images = {}
    for name, part in parts.items():
        report.counts[name] = len(part.images)
        images[name] = _check_part(part, num_classes, scanner, report)
    _check_overlaps(images, report)
    scanner.save()
    return report


def _check_part(
    part: Part, num_classes: int | None, scanner: Scanner, report: DataReport
) -> dict[str, ImageFacts]:
    """Check the images and masks of one part.

    Returns:
        Facts of the images, by path.
    """
    if not part.images:
        report.error(part.name, 'no image at all', 'correct the paths')
        return {}
    if part.remote:
        report.warning(
            part.name,
            'the files are on another machine and were not looked at',
            'check a local copy',
            part.images,
        )
        return {}
    if part.foreign:
        _check_presence(part, report)
        return {}
    images = scanner.images(part.images)
    _check_images(part.name, images, report)
    if part.rules is None:
        if part.name == 'labeled':
            report.error(
                part.name,
                'the labeled images have no masks',
                'set seg_map_path in data_prefix',
            )
        return images
    if _check_num_classes(part, num_classes, report):
        masks = scanner.masks(part.pairs.values(), part.backend)
        pixels = check_masks(
            part.name, part.pairs, images, masks, part.rules, report
        )
        if part.name == 'labeled':
            check_classes_present(pixels, part.classes, part.rules, report)
            report.pixels = {
                name: pixels[i] for i, name in enumerate(part.classes)
            }
    return images


def _check_presence(part: Part, report: DataReport) -> None:
    """All that can be said of files in formats of their own."""
    report.warning(
        part.name,
        f'{", ".join(part.foreign)} load(s) these files: only looked whether '
        'they are there',
        'check size and values of the masks yourself',
    )
    paths = [*part.images, *part.pairs.values()]
    missing = [path for path in paths if not osp.exists(path)]
    if missing:
        report.error(
            part.name, 'the files are missing', 'restore them', missing
        )


def _check_images(
    part: str, images: Mapping[str, ImageFacts], report: DataReport
) -> None:
    """Report images that cannot be read, or would be nearly black."""
    faults = {}
    for path, facts in images.items():
        if facts.fault:
            faults.setdefault(facts.fault, []).append(path)
    for fault, files in faults.items():
        report.error(
            part,
            f'unreadable image: {fault}',
            'restore the file, or remove it from the folder or list',
            files,
        )
    deep = {path: facts.peak for path, facts in images.items() if facts.peak}
    if deep and max(deep.values()) < 2**14:
        bits = max(max(deep.values()).bit_length(), 8)
        report.warning(
            part,
            f'16-bit images with values up to {max(deep.values())} only: '
            'they load nearly black',
            f"load them with dict(type='LoadDeepImage', "
            f'max_value={2**bits - 1}) (docs/own_data.md)',
            list(deep),
        )


def _check_num_classes(
    part: Part, num_classes: int | None, report: DataReport
) -> bool:
    """Report classes that do not fit the model or the ignore value.

    Returns:
        Whether it makes sense to look at the masks.
    """
    names, rules = len(part.classes), part.rules
    if num_classes is not None and names not in (0, num_classes):
        report.error(
            part.name,
            f'the dataset has {names} classes, the model {num_classes}',
            'set num_classes of the decode heads to the number of classes',
        )
        return False
    if rules.num_classes == 0:
        report.error(
            part.name, 'the classes are not named', 'set classes in metainfo'
        )
        return False
    if rules.ignore_index < rules.num_classes:
        report.error(
            part.name,
            f'ignore_index {rules.ignore_index} is one of the '
            f'{rules.num_classes} classes',
            'for more than 255 classes use LoadWideAnnotations and '
            'ignore_index=65535 (docs/own_data.md)',
        )
        return False
    return True


def _check_overlaps(
    images: Mapping[str, Mapping[str, ImageFacts]], report: DataReport
) -> None:
    """Report pictures that two parts have in common."""
    for first, second, level in (
        ('labeled', 'unlabeled', 'error'),
        ('labeled', 'val', 'warning'),
        ('unlabeled', 'val', 'warning'),
    ):
        if images.get(first) and images.get(second):
            check_overlap(first, second, images, report, level)


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
    configs = dict(
        labeled=train.labeled if paired else train,
        unlabeled=train.unlabeled if paired else None,
        val=(cfg.get('val_dataloader') or {}).get('dataset'),
    )
    report = DataReport()
    advice = cfg.get('how_to_prepare', 'correct the paths and files')
    datasets = {
        name: _build(name, config, advice, report)
        for name, config in configs.items()
    }
    return check_data(
        **datasets,
        num_classes=_num_classes(cfg.model),
        cache_file=cache_file,
        report=report,
    )


def _build(name: str, config: dict | None, advice: str, report: DataReport):
    """Build the dataset of a part; report it if that fails."""
    if config is None:
        return None
    try:
        dataset = DATASETS.build(config)
        if hasattr(dataset, 'full_init'):
            dataset.full_init()
    except (ValueError, OSError, AssertionError) as error:
        report.error(name, f'cannot be loaded: {error}', advice)
        return None
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
