"""From folders of images and masks to the settings of datasets."""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from mmseg_usrn.datasets.folder_dataset import FolderSegDataset
from mmseg_usrn.datasets.image_files import (
    IMAGE_SUFFIXES,
    MASK_SUFFIXES,
    find_files,
)
from mmseg_usrn.datasets.splits import read_split
from mmseg_usrn.datasets.unlabeled_dataset import UnlabeledDataset


@dataclass
class Folders:
    """Where own images and masks are.

    Attributes:
        labeled_images: Folder of the labeled images.
        labeled_masks: Folder of their masks.
        unlabeled_images: Folders of the unlabeled images.
        labeled_list: List of the labeled images; all of the folder if empty.
        val_images: Folder of the validation images, if there is one.
        val_masks: Folder of their masks.
    """

    labeled_images: str
    labeled_masks: str
    unlabeled_images: list[str] = field(default_factory=list)
    labeled_list: str | None = None
    val_images: str | None = None
    val_masks: str | None = None


def find_parts(folders: Folders) -> dict[str, dict]:
    """Settings of the datasets that follow from the folders.

    Args:
        folders: Where the files are.

    Returns:
        Settings of ``labeled``, ``unlabeled`` and, if there is one, ``val``.

    Raises:
        ValueError: If a folder is missing or names do not match.
    """
    stems = folders.labeled_list and read_split(folders.labeled_list)
    images, masks = folders.labeled_images, folders.labeled_masks
    parts = dict(labeled=_labeled(images, masks, stems))
    if folders.labeled_list:
        parts['labeled']['ann_file'] = folders.labeled_list
    here = os.path.realpath(images)
    unlabeled = folders.unlabeled_images
    others = [f for f in unlabeled if os.path.realpath(f) != here]
    exclude = len(others) < len(unlabeled)
    if others and not folders.labeled_list:
        unlabeled, exclude = others, False  # all of the folder is left out
    path = unlabeled[0] if len(unlabeled) == 1 else unlabeled
    parts['unlabeled'] = dict(data_prefix=dict(img_path=path))
    if exclude:
        parts['unlabeled']['exclude'] = folders.labeled_list or images
    if folders.val_images:
        parts['val'] = _labeled(folders.val_images, folders.val_masks)
    return parts


def build_datasets(
    parts: dict[str, dict], meta: dict
) -> dict[str, FolderSegDataset | UnlabeledDataset]:
    """The datasets of the parts, without label rules.

    Args:
        parts: Settings of every part.
        meta: ``classes`` and perhaps ``palette``.
    """
    datasets = {}
    for name, settings in parts.items():
        settings = dict(settings, serialize_data=False)
        if name == 'unlabeled':
            datasets[name] = UnlabeledDataset(**settings)
        else:
            datasets[name] = FolderSegDataset(metainfo=meta, **settings)
    return datasets


def _labeled(images: str, masks: str, stems=None) -> dict:
    """Settings of a labeled dataset that follow from its folders."""
    settings = dict(data_prefix=dict(img_path=images, seg_map_path=masks))
    suffix = find_mask_suffix(images, masks, stems)
    if suffix:
        settings['seg_map_suffix'] = suffix
    return settings


def find_mask_suffix(
    img_dir: str, mask_dir: str, stems: Iterable[str] | None = None
) -> str | None:
    """Find what the names of masks have that the names of images do not.

    Args:
        img_dir: Folder of images.
        mask_dir: Folder of masks.
        stems: Stems of the labeled images. Defaults to all of the folder.

    Returns:
        A suffix such as ``_mask.png``; None if masks are named like images.

    Raises:
        ValueError: If the names do not match in one of these ways.
    """
    stems = set(stems or find_files(img_dir, IMAGE_SUFFIXES))
    masks = find_files(mask_dir, MASK_SUFFIXES, 'mask')
    if stems & set(masks):
        return None
    additions = Counter()
    for stem, paths in masks.items():
        for cut in range(len(stem) - 1, 0, -1):
            if stem[:cut] in stems:
                additions[paths[0][paths[0].rindex(stem) + cut :]] += 1
                break
    if not additions:
        raise ValueError(
            f'the masks in {mask_dir} are not named like the images in '
            f'{img_dir}: {min(masks)} against {min(stems)}; give image and '
            'mask the same name, or the mask an addition such as _mask.png'
        )
    return additions.most_common(1)[0][0]
