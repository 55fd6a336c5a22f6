"""From folders to the settings of datasets: which file is what."""

import os
import os.path as osp
from collections.abc import Sequence
from dataclasses import dataclass, field

from mmseg.registry import TRANSFORMS

from mmseg_usrn.datasets.image_files import IMAGE_SUFFIXES, find_files
from mmseg_usrn.datasets.mask_formats import MaskLoader, detect_mask_format
from mmseg_usrn.datasets.mask_formats.class_files import settle_background
from mmseg_usrn.datasets.mask_formats.named import NamedMaskLoader

from .matching import match_names

IMAGE_FOLDERS = ('images', 'image', 'imgs', 'img', 'jpegimages', 'photos')
MASK_FOLDERS = (
    *('masks', 'mask', 'labels', 'label', 'annotations', 'annotation', 'gt'),
    *('segmentationclass', 'ann_dir', 'segmentations', 'groundtruth'),
)


@dataclass
class Labeled:
    """Folders of images with masks, understood.

    Attributes:
        settings: Settings of ``FolderSegDataset``: ``data_prefix``,
            ``img_suffix``, ``seg_map_suffix``, ``mask_format``.
        classes: Names of the classes, as given or as the masks name them.
        evidence: What the masks are.
        unmasked: Paths of images that have no mask.
    """

    settings: dict
    classes: tuple[str, ...] = ()
    evidence: str = ''
    unmasked: list[str] = field(default_factory=list)


def find_labeled(
    images: Sequence[str],
    masks: Sequence[str] = (),
    classes: Sequence[str] = (),
    mask_format: dict | None = None,
    told: dict | None = None,
    part: str = 'labeled',
) -> Labeled:
    """Understand folders of images and of their masks.

    Args:
        images: Folders of images.
        masks: Folders of masks, or files that have all of them, as many as
            folders of images, or one for all. Defaults to what lies in or
            beside the images.
        classes: Names of the classes, if they are known.
        mask_format: Setting that the masks need, if it is known.
        told: What is known of it, ``background``, where the masks tell the
            rest.
        part: Which part it is; for the text of an error.

    Returns:
        What the folders hold.

    Raises:
        ValueError: If a folder is missing, names do not match, or something
            has to be told.
    """
    pairs = _expand(images, masks)
    found = [
        _one_folder(*pair, classes, mask_format, told, part) for pair in pairs
    ]
    first = found[0]
    for other in found[1:]:
        if other.settings.get('mask_format') != first.settings.get(
            'mask_format'
        ):
            raise ValueError(
                f'{pairs[0][1]} has {first.evidence}, but another folder has '
                f'{other.evidence}: give folders of one kind'
            )
    settings = {}
    for one in found:
        for key, value in one.settings.items():
            if key == 'data_prefix':
                for name, path in value.items():
                    prefix = settings.setdefault(key, {})
                    prefix.setdefault(name, []).append(path)
            elif isinstance(value, list):
                known = settings.setdefault(key, [])
                known += [v for v in value if v not in known]
            else:
                settings[key] = value
    _shorten(settings)
    unmasked = [path for one in found for path in one.unmasked]
    return Labeled(settings, first.classes, first.evidence, unmasked)


def _shorten(settings: dict) -> None:
    """Write lists of one entry as that entry, in place."""
    for node in (settings, settings['data_prefix']):
        for key, value in node.items():
            if isinstance(value, list) and len(value) == 1:
                node[key] = value[0]


def _expand(
    images: Sequence[str], masks: Sequence[str]
) -> list[tuple[str, str]]:
    """Pairs of a folder of images and the place of its masks."""
    if len(masks) > 1 and len(masks) != len(images):
        raise ValueError(
            f'{len(images)} folders of images, but {len(masks)} of masks: '
            'give as many, in the same order'
        )
    pairs = []
    for place, folder in enumerate(images):
        if not osp.isdir(folder):
            raise ValueError(f'the image folder {folder} does not exist')
        mask = masks[place % len(masks)] if masks else None
        if mask and not osp.exists(mask):
            raise ValueError(f'the mask folder {mask} does not exist')
        if mask is None or osp.realpath(mask) == osp.realpath(folder):
            inside = _pairs_inside(folder)
            pairs += inside or [(folder, mask or _beside(folder))]
        else:
            pairs.append((folder, mask))
    return pairs


def _pairs_inside(root: str) -> list[tuple[str, str]]:
    """Folders named like ``images`` below a root that have one of masks.

    As data sets do, it follows links and leaves hidden folders out; a folder
    that several links lead to counts once.
    """
    pairs, seen = [], set()
    for folder, names, _ in os.walk(root, followlinks=True):
        real = osp.realpath(folder)
        if real in seen:
            names.clear()
        seen.add(real)
        names[:] = sorted(n for n in names if not n.startswith('.'))
        lower = {name.lower(): name for name in names}
        image = next((lower[n] for n in IMAGE_FOLDERS if n in lower), None)
        mask = next((lower[n] for n in MASK_FOLDERS if n in lower), None)
        if image and mask:
            pairs.append((osp.join(folder, image), osp.join(folder, mask)))
            names.clear()
    return pairs


def _beside(folder: str) -> str:
    """Where the masks of a folder are if nothing says so."""
    path = osp.abspath(folder)
    parts = path.split(os.sep)
    for place in range(len(parts) - 1, 0, -1):
        if parts[place].lower() in IMAGE_FOLDERS:
            for name in os.listdir(os.sep.join(parts[:place]) or os.sep):
                if name.lower() in MASK_FOLDERS:
                    other = [*parts[:place], name, *parts[place + 1 :]]
                    if osp.isdir(os.sep.join(other)):
                        return os.sep.join(other)
            break
    return folder


def _one_folder(folder, mask, classes, mask_format, told, part) -> Labeled:
    """Understand one folder of images and the place of its masks."""
    names = match_names(folder, mask)
    stems = list(names.images)
    evidence = 'masks as you said'
    if mask_format is None:
        try:
            detected = detect_mask_format(
                mask, stems, classes, names.seg_map_suffix, told
            )
        except ValueError as error:
            raise ValueError(f'{folder}: {error}') from None
        mask_format, evidence = detected.mask_format, detected.evidence
        classes, mask = detected.classes, detected.where
    else:
        mask_format = _complete(mask_format, told, mask, stems, classes)
    settings = dict(data_prefix=dict(img_path=folder, seg_map_path=mask))
    suffixes = None
    loader = _loader(mask_format, classes)
    if told and not isinstance(loader, NamedMaskLoader):
        raise ValueError(
            '--mask-background is for shapes and files of single classes, '
            f'which {mask} does not hold: leave it out'
        )
    if loader.find.__func__ is MaskLoader.find:  # one file an image
        suffixes = names.seg_map_suffix
    masked = loader.find(mask, stems, suffixes)
    if osp.realpath(mask) == osp.realpath(folder):
        _refuse_images_as_masks(mask, masked, loader, part)
    for key, value in (
        ('img_suffix', names.img_suffix),
        ('seg_map_suffix', suffixes),
        ('mask_format', mask_format),
    ):
        if value:
            settings[key] = value
    unmasked = [
        path for stem, path in names.images.items() if stem not in masked
    ]
    return Labeled(settings, tuple(classes), evidence, unmasked + names.others)


def _complete(mask_format, told, mask, stems, classes) -> dict:
    """A format that the user names, with all that is known of it."""
    if issubclass(TRANSFORMS.get(mask_format['type']), NamedMaskLoader):
        mask_format = {**mask_format, **(told or {})}
    if mask_format['type'] == 'LoadClassFileMasks':
        return settle_background(mask_format, classes, mask, stems)
    return mask_format


def _refuse_images_as_masks(folder, masked, loader, part) -> None:
    """Refuse a folder in which every image would be a mask."""
    images = find_files(folder, IMAGE_SUFFIXES).values()
    masks = {file for m in masked.values() for file in loader.files(m)}
    if masks.issuperset(path for paths in images for path in paths):
        raise ValueError(
            f'no masks for {folder} were found: name their folder with '
            f'--{part}-masks'
        )


def _loader(mask_format: dict | None, classes: Sequence[str]) -> MaskLoader:
    """The loader of a format."""
    if mask_format is None:
        return MaskLoader()
    loader = TRANSFORMS.get(mask_format['type'])
    known = dict(classes=classes) if loader.takes_classes else {}
    return TRANSFORMS.build({**known, **mask_format})
