"""One folder in place of several whose images have the same names."""

import os.path as osp
from collections.abc import Mapping, Sequence

from mmseg_usrn.datasets.folder_dataset import FolderSegDataset
from mmseg_usrn.datasets.image_files import (
    as_list,
    locate,
    name_some,
    strip_suffix,
)


def is_in(path: str, folder: str) -> bool:
    """Whether a file is below a folder."""
    return path.startswith(osp.join(folder, ''))


def name_below(path: str, folders: Sequence[str]) -> str:
    """Path of a file below the first of some folders that it is in."""
    return osp.relpath(path, next(f for f in folders if is_in(path, f)))


def join_folders(
    settings: dict, dataset: FolderSegDataset, infos: Mapping[str, dict]
) -> None:
    """Take the folder above several, if a list needs it, in place.

    A list names images below their folders, and a name counts in each of
    them. Where a name occurs in two, it has to begin with the folder's.

    Args:
        settings: Settings of the dataset; absolute paths in ``data_prefix``.
        dataset: The dataset of all images.
        infos: What it says of those that will be listed, by path.

    Raises:
        ValueError: If masks are not found from the folder above.
    """
    prefix = settings['data_prefix']
    folders = as_list(prefix['img_path'])
    names = [name_below(path, folders) for path in infos]
    located = [locate(names, [f], dataset.img_suffix) for f in folders]
    twice = [s for s in located[0] if sum(bool(f[s]) for f in located) > 1]
    if not twice:
        return
    masks = as_list(prefix['seg_map_path'])
    root, mask_root = osp.commonpath(folders), osp.commonpath(masks)
    if not (
        _is_parallel(folders, masks)
        and _finds_masks(dataset, infos, root, mask_root)
    ):
        raise ValueError(
            f'{len(twice)} names of labeled images occur in several folders, '
            f'such as {twice[0]} in {name_some(folders, 2)}, so a list of '
            'the labeled images cannot tell them apart: give all images, and '
            'their masks, different names; or sort them into folders of the '
            'same names, such as images/1, images/2 and masks/1, masks/2, '
            'and name those'
        )
    settings['data_prefix'] = dict(img_path=root, seg_map_path=mask_root)


def _is_parallel(folders: Sequence[str], masks: Sequence[str]) -> bool:
    """Whether masks are sorted like images, or all of them in one place."""
    if len(set(masks)) == 1:
        return True
    below = [
        [osp.relpath(path, osp.commonpath(paths)) for path in paths]
        for paths in (folders, masks)
    ]
    return below[0] == below[1]


def _finds_masks(
    dataset: FolderSegDataset,
    infos: Mapping[str, dict],
    root: str,
    mask_root: str,
) -> bool:
    """Whether every image has the same mask from other folders."""
    suffixes = dataset.seg_map_suffix
    sources = {
        strip_suffix(osp.relpath(path, root), dataset.img_suffix): info
        for path, info in infos.items()
    }
    loader = dataset.mask_loader
    try:
        found = loader.find(mask_root, list(sources), suffixes)
    except ValueError:
        return False
    return all(
        info['seg_map_path']
        == (found.get(stem) or loader.expected(mask_root, stem, suffixes))
        for stem, info in sources.items()
    )
