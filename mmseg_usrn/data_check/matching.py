"""Which files of a folder are images, and which are their masks."""

import os.path as osp
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

import cv2
import mmcv

from mmseg_usrn.datasets.image_files import (
    IMAGE_SUFFIXES,
    LOSSY_SUFFIXES,
    MASK_SUFFIXES,
    find_files,
    strip_suffix,
)

from .counts import count_levels
from .files import FEW_LEVELS
from .names import Template, core_of, find_templates, suffixes_of

ALL_IMAGES = (*MASK_SUFFIXES, *LOSSY_SUFFIXES)
OTHER_MASKS = ('.json', '.npy', '.npz', '.mat')
NUM_PEEKS = 5  # pairs that are looked at where names do not tell


@dataclass
class Names:
    """How the images of a folder and their masks are named.

    Attributes:
        images: Path of every image that may have a mask, by stem.
        img_suffix: Setting of the dataset, if one is needed.
        seg_map_suffix: Likewise.
        others: Paths of images of other names, which have no mask.
    """

    images: dict[str, str]
    img_suffix: list[str] | None = None
    seg_map_suffix: list[str] | None = None
    others: list[str] = field(default_factory=list)


def match_names(folder: str, mask: str) -> Names:
    """Find out how images and masks are named.

    Args:
        folder: Folder of the images.
        mask: Folder of the masks, perhaps the same, or a file.

    Returns:
        The names. What the masks are if they are no images is left open.

    Raises:
        ValueError: If a folder has no file of the kind.
    """
    paths = _relative(folder, IMAGE_SUFFIXES)
    stems = {strip_suffix(path, IMAGE_SUFFIXES): path for path in paths}
    images = {stem: osp.join(folder, path) for stem, path in stems.items()}
    if osp.isfile(mask):
        return Names(images)
    if osp.realpath(mask) == osp.realpath(folder):
        return _in_one_folder(folder, paths) or Names(images)
    masks = {
        strip_suffix(path, ALL_IMAGES): path
        for path in _relative(mask, ALL_IMAGES, needed=False)
    }
    templates = find_templates(list(stems), list(masks)) if masks else []
    if not templates or templates[0][0] == Template():
        return Names(images)
    best = templates[0][0]
    named = {core_of(stem, best.image): p for stem, p in images.items()}
    named.pop(None, None)
    names = Names(named)
    names.others = [p for p in images.values() if p not in named.values()]
    names.img_suffix = suffixes_of(best.image, paths)
    mask_side = _mask_side(best, templates)
    if mask_side:
        fitting = [p for s, p in masks.items() if core_of(s, mask_side)]
        names.seg_map_suffix = suffixes_of(mask_side, fitting)
    return names


def _relative(folder: str, suffixes: Sequence[str], needed=True) -> list[str]:
    """Paths of files below a folder, relative to it."""
    try:
        files = find_files(folder, suffixes)
    except ValueError:
        if needed:
            raise
        return []
    return [
        osp.relpath(path, folder).replace(osp.sep, '/')
        for paths in files.values()
        for path in paths
    ]


def _mask_side(
    best: Template, templates: Sequence[tuple[Template, int]]
) -> tuple[str, str] | None:
    """What masks have around the stem; None if there are several kinds.

    Several kinds are files of single classes, unless words tell them apart.
    """
    most = max(count for _, count in templates)
    kinds = [
        template
        for template, count in templates
        if template.image == best.image and count >= most / 2
    ]
    hinted = [template for template in kinds if template.hints > 0]
    kinds = hinted if len(hinted) == 1 else kinds
    return kinds[0].mask if len(kinds) == 1 else None


def _in_one_folder(folder: str, paths: list[str]) -> Names | None:
    """Names where images and masks share a folder; None if no names match."""
    if _relative(folder, OTHER_MASKS, needed=False):
        return None
    templates = [
        (template, count)
        for template, count in find_templates(paths, paths)
        if _is_whole(template) and _looks_right(template, folder, paths)
    ]
    if not templates:
        return None
    best = templates[0][0]
    alike = [t for t, _ in templates if _base(t.image) == _base(best.image)]
    image_sides = {t.image for t in alike}
    mask_sides = {t.mask for t in alike}
    cores = {
        core: path
        for side in image_sides
        for path in paths
        if (core := core_of(path, side))
    }
    masks = {
        path
        for side in mask_sides
        for path in paths
        if core_of(path, side) in cores
    }
    images = {c: p for c, p in cores.items() if p not in masks}
    names = Names({c: osp.join(folder, p) for c, p in images.items()})
    names.others = [
        osp.join(folder, path)
        for path in paths
        if path not in masks and path not in images.values()
    ]
    names.img_suffix = sorted(map(_as_suffix, image_sides))
    side = _mask_side(best, templates)
    if side:
        same = {s for s in mask_sides if _base(s) == _base(side)}
        names.seg_map_suffix = sorted(map(_as_suffix, same))
    return names


def _base(side: tuple[str, str]) -> tuple[str, str]:
    """What is around the shared part, without the file suffix."""
    return side[0], osp.splitext(f'x{side[1]}')[0][1:]


def _is_whole(template: Template) -> bool:
    """Whether the shared part ends before the file suffix."""
    ends = (template.image[1], template.mask[1])
    return all(end.lower().endswith(ALL_IMAGES) for end in ends)


def _as_suffix(side: tuple[str, str]) -> str:
    """A side of a template as a suffix setting."""
    before, after = side
    return f'{before}{{}}{after}' if before or '*' in after else after


def _looks_right(
    template: Template, folder: str, paths: Iterable[str]
) -> bool:
    """Whether the masks of a template have fewer values than its images."""
    images = {core_of(path, template.image): path for path in paths}
    masks = {core_of(path, template.mask): path for path in paths}
    cores = [c for c in images if c is not None and c in masks][:NUM_PEEKS]
    levels = [
        median(_levels(osp.join(folder, side[core])) for core in cores)
        for side in (images, masks)
        if cores
    ]
    if not levels or levels[1] > max(FEW_LEVELS, levels[0] / 2):
        return False
    return levels[1] < levels[0] or (
        levels[1] == levels[0] and template.hints >= 0
    )


def _levels(path: str) -> int:
    """Number of grey levels, a large one if it is no picture."""
    try:
        return count_levels(mmcv.imread(path, 'grayscale'))
    except (OSError, cv2.error, TypeError, AttributeError):
        return 256
