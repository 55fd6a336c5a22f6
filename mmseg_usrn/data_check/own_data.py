"""Looking at own images before there is a config for them."""

import os.path as osp
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from mmengine.registry import init_default_scope

from mmseg_usrn.datasets.class_names import load_classes
from mmseg_usrn.datasets.palette import check_classes

from .findings import make_report
from .layout import Labeled, find_labeled
from .own_parts import (
    draw_labeled_part,
    find_parts,
    leave_strangers_out,
    list_images,
    mask_files,
    settle_unlabeled,
)
from .report import DataReport
from .scan import Scan, look_at
from .suggestions import (
    Suggestion,
    apply_settings,
    label_notes,
    number_classes,
    refuse_lost_background,
    suggest_settings,
)

# What tools call the list of classes that lies beside their masks.
CLASS_FILES = (
    *('_classes.csv', 'class_dict.csv', 'labelmap.txt', 'classes.txt'),
    *('classes.csv', 'classes.json', 'obj.names', 'data.yaml', 'dataset.yaml'),
)


@dataclass
class Request:
    """What a user says of own images.

    Attributes:
        out: Path of the config that is going to be written.
        labeled_images: Folders of images with masks.
        labeled_masks: Folders of their masks, or files; those in or beside
            the images if there are none.
        unlabeled_images: Folders of images without masks; may be empty, if
            some of the labeled folders' images have none.
        labeled_list: List of the labeled images.
        val_images: Folders of validation images.
        val_masks: Folders of their masks.
        meta: ``classes`` and perhaps ``palette``; empty if the masks are to
            say.
        mask_format: Setting that the masks need, if it is known.
        told: What is known of it, ``background``, where the masks tell the
            rest.
        bands: Bands of the images that are used, all if empty.
        labeled_part: How many of the images with masks count as labeled, a
            number or a share; all if None.
        seed: Seed of that draw.
        small: Whether images and crops are to be small, for a CPU.
    """

    out: str
    labeled_images: list[str]
    labeled_masks: list[str] = field(default_factory=list)
    unlabeled_images: list[str] = field(default_factory=list)
    labeled_list: str | None = None
    val_images: list[str] = field(default_factory=list)
    val_masks: list[str] = field(default_factory=list)
    meta: dict = field(default_factory=dict)
    mask_format: dict | None = None
    told: dict = field(default_factory=dict)
    bands: list[int] = field(default_factory=list)
    labeled_part: int | Fraction | None = None
    seed: int = 0
    small: bool = False


@dataclass
class OwnData:
    """What own images turned out to be.

    Attributes:
        meta: ``classes`` and perhaps ``palette``.
        parts: Settings of the datasets of every part.
        suggestion: Settings that suit the data.
        report: The check of the data.
        lists: Names of the images of a part, where folders do not say it.
        notes: What was decided on the way, for the user to read.
    """

    meta: dict
    parts: dict[str, dict]
    suggestion: Suggestion
    report: DataReport = field(default_factory=DataReport)
    lists: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def look_at_folders(request: Request) -> OwnData:
    """Understand folders, look at all files once, and choose settings.

    Args:
        request: What the user says.

    Returns:
        All that a config needs.

    Raises:
        ValueError: If something is missing or has to be told.
    """
    init_default_scope('mmseg')
    labeled = _find(request.labeled_images, request.labeled_masks, request)
    meta = name_classes(request, labeled)
    values = meta.pop('values', None)
    parts = dict(labeled=labeled.settings)
    if request.labeled_list:
        parts['labeled']['ann_file'] = osp.abspath(request.labeled_list)
        labeled.unmasked = []
    if request.val_images:
        known = replace(request, meta=meta)
        val = _find(request.val_images, request.val_masks, known, 'val')
        parts['val'] = val.settings
    scan = Scan(find_parts(request, parts, meta, labeled.unmasked))
    look_at(scan.parts)
    data = OwnData(meta, parts, suggest_settings(scan, request.small))
    if 'mask_format' in labeled.settings:
        data.suggestion.note = labeled.evidence
    if not scan.parts['labeled'].sources[0].loaders.stores_values:
        data.suggestion.labels = {}  # the loader knows the classes
    elif values:
        number_classes(values, data.suggestion)
    else:
        refuse_lost_background(meta['classes'], data.suggestion)
    apply_settings(scan, data.suggestion)
    _settle(data, scan, request, bool(labeled.unmasked))
    data.report = make_report(scan)
    return data


def _settle(data: OwnData, scan: Scan, request: Request, listed: bool) -> None:
    """Decide which images are labeled and which unlabeled."""
    left_out = leave_strangers_out(scan)
    data.notes = label_notes(data.suggestion) + data.suggestion.range_notes
    data.notes += left_out.notes
    masks = mask_files(scan)
    drawn = draw_labeled_part(scan, request.labeled_part, request.seed)
    labeled = data.parts['labeled']
    names = list_images(scan, data.parts)
    if drawn or listed:
        data.lists['labeled'] = names
        labeled['ann_file'] = list_path(request.out, 'labeled')
    data.parts['unlabeled'], unlabeled = settle_unlabeled(
        scan,
        [
            osp.abspath(folder)
            for folder in request.unlabeled_images + request.labeled_images
        ],
        left_out.files + masks,
        labeled.get('ann_file', ''),
        names,
    )
    if unlabeled:
        data.lists['unlabeled'] = unlabeled
        path = list_path(request.out, 'unlabeled')
        data.parts['unlabeled']['ann_file'] = path


def list_path(out: str, part: str) -> str:
    """Where the list of the images of a part stands: beside the config.

    Args:
        out: Path of the config.
        part: Name of the part.
    """
    return f'{osp.splitext(osp.abspath(out))[0]}_{part}.txt'


def _find(
    images: list[str],
    masks: list[str],
    request: Request,
    part: str = 'labeled',
) -> Labeled:
    """Understand folders of images and masks."""
    return find_labeled(
        [osp.abspath(path) for path in images],
        [osp.abspath(path) for path in masks],
        request.meta.get('classes', ()),
        request.mask_format,
        request.told,
        part,
    )


def name_classes(request: Request, labeled: Labeled) -> dict:
    """The classes as the user names them, or else as the files do.

    Args:
        request: What the user says.
        labeled: What the folders hold.

    Raises:
        ValueError: If nothing names them, or only one.
    """
    meta = dict(request.meta, classes=labeled.classes)
    if not labeled.classes:
        folders = request.labeled_masks + request.labeled_images
        meta = next(map(load_classes, _class_files(folders)), {})
    if not meta:
        raise ValueError(
            'name the classes with --classes, in the order of their values; '
            f'the folder holds {labeled.evidence}'
        )
    if len(meta['classes']) == 1:
        name = meta['classes'][0]
        raise ValueError(
            f'{name} is the only class: what are the other pixels? Name '
            f'them, too: --classes background {name}'
        )
    return check_classes(meta, '--classes')


def _class_files(folders: list[str]) -> Iterator[str]:
    """Files that name classes, in the folders or above them."""
    for folder in map(osp.abspath, folders):
        for _ in range(3):
            for name in CLASS_FILES:
                path = osp.join(folder, name)
                if osp.isfile(path):
                    yield path
            folder = osp.dirname(folder)
