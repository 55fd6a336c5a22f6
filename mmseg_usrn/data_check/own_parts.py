"""Which of own images are labeled, and which are unlabeled."""

import os.path as osp
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from mmseg_usrn.datasets.bands import describe_bands, is_tiff
from mmseg_usrn.datasets.folder_dataset import FolderSegDataset
from mmseg_usrn.datasets.image_files import (
    IMAGE_SUFFIXES,
    as_list,
    find_files,
    name_some,
)
from mmseg_usrn.datasets.splits import draw_labeled
from mmseg_usrn.datasets.unlabeled_dataset import find_left_out

from .joint_folders import is_in, join_folders, name_below
from .loaders import LoadAsStored
from .masks import usable_masks
from .parts import Part, Source, describe
from .report import shown
from .scan import Scan
from .strangers import find_strangers, leave_out


@dataclass
class LeftOut:
    """Files that are no unlabeled images, though they lie among them.

    Attributes:
        files: Their paths.
        notes: What they are, for the user to read.
    """

    files: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_parts(
    request, parts: dict[str, dict], meta: dict, unmasked: Iterable[str]
) -> dict[str, Part]:
    """The parts of the data, before their files are looked at.

    Args:
        request: What the user says.
        parts: Settings of the datasets with masks. Where the labeled images
            are going to be listed, several folders become the one above
            them, if names do not tell the images apart.
        meta: ``classes`` and perhaps ``palette``.
        unmasked: Images of the labeled folders without a mask.

    Raises:
        ValueError: If a list could not tell the labeled images apart.
    """
    unmasked = set(unmasked)
    datasets = {name: _build(meta, parts[name]) for name in parts}
    found = {name: describe(name, data) for name, data in datasets.items()}
    labeled = found['labeled']
    taken = set()
    for source in labeled.sources:
        for path in unmasked & set(source.infos):
            del source.infos[path]
        for info in source.infos.values():
            taken.update(map(osp.realpath, source.loaders.files(info)))
    if unmasked or request.labeled_part is not None:
        infos = labeled.sources[0].infos
        join_folders(parts['labeled'], datasets['labeled'], infos)
    images = [p for f in request.unlabeled_images for p in _images_in(f)]
    unlabeled = Source({}, labeled.sources[0].loaders)
    for path in [*images, *sorted(unmasked)]:
        if osp.realpath(path) not in taken:
            unlabeled.infos[path] = dict(img_path=path)
            taken.add(osp.realpath(path))
    found['unlabeled'] = Part('unlabeled', labeled.classes, [unlabeled])
    if request.bands or _has_bands(found):
        for source in (s for part in found.values() for s in part.sources):
            source.loaders.images = [LoadAsStored(request.bands or None)]
    order = ('labeled', 'unlabeled', 'val')
    return {name: found[name] for name in order if name in found}


def _build(meta: dict, settings: dict) -> FolderSegDataset:
    """A dataset that finds files and reads masks."""
    return FolderSegDataset(
        metainfo=meta,
        serialize_data=False,
        pipeline=[dict(type='LoadAnnotations')],
        **settings,
    )


def _images_in(folder: str) -> list[str]:
    files = find_files(osp.abspath(folder), IMAGE_SUFFIXES)
    return [path for paths in files.values() for path in paths]


def _has_bands(parts: dict[str, Part]) -> bool:
    """Whether the first image of a part has bands that are no colours."""
    for part in parts.values():
        for path in part.paths[:1]:
            try:
                with open(path, 'rb') as file:
                    content = file.read()
                bands = is_tiff(content) and describe_bands(content)
            except (OSError, ValueError):  # damaged; the scan says so
                continue
            if bands and not bands.colors:
                return True
    return False


def leave_strangers_out(scan: Scan) -> LeftOut:
    """Take masks and predictions out of the unlabeled part, in place.

    Args:
        scan: What was seen of the files.

    Returns:
        What was taken out; nothing if no image would be left.
    """
    source = scan.parts['unlabeled'].sources[0]
    left_out = LeftOut()
    for group in find_strangers(scan):
        if group.sure and len(group.files) < len(source.infos):
            left_out.files += group.files
            left_out.notes.append(
                f'{len(group.files)} files are left out of the unlabeled '
                f'images, {group.problem}: '
                f'{name_some(map(shown, group.files), 3)}'
            )
            for path in group.files:
                del source.infos[path], source.images[path]
    return left_out


def mask_files(scan: Scan) -> list[str]:
    """Paths of the files that masks are read from."""
    return [
        path
        for part in scan.parts.values()
        for source in part.sources
        for info in source.infos.values()
        for path in source.loaders.files(info)[1:]
    ]


def draw_labeled_part(
    scan: Scan, labeled_part: int | Fraction | None, seed: int
) -> bool:
    """Make unlabeled images of some labeled ones, in place.

    Every class keeps an image, the rarest first.

    Args:
        scan: What was seen of the files.
        labeled_part: How many stay labeled, a number or a share.
        seed: Seed of the draw.

    Returns:
        Whether anything was asked.

    Raises:
        ValueError: If the number does not fit the images.
    """
    if labeled_part is None:
        return False
    sources = scan.parts['labeled'].sources
    classes = {}
    for source in sources:
        usable = usable_masks(source)
        for path in source.infos:
            facts = usable.get(source.mask_name(path))
            labels = source.rules.labels(facts.values) if facts else {}
            classes[path] = frozenset(
                label
                for label in labels.values()
                if 0 <= label < source.rules.num_classes
            )
    count = labeled_part
    if isinstance(labeled_part, Fraction):
        count = max(1, round(len(classes) * labeled_part))
    kept = set(draw_labeled(list(classes), count, seed, classes))
    unlabeled = scan.parts['unlabeled'].sources[0]
    for source in sources:
        for path in set(source.infos) - kept:
            del source.infos[path]
            source.masks.pop(path, None)
            unlabeled.infos[path] = dict(img_path=path)
            unlabeled.images[path] = source.images.pop(path)
    return True


def list_images(scan: Scan, parts: dict[str, dict]) -> list[str]:
    """Names of the labeled images, below the folder that each is in.

    Args:
        scan: What was seen of the files.
        parts: Settings of the datasets.
    """
    folders = as_list(parts['labeled']['data_prefix']['img_path'])
    paths = scan.parts['labeled'].paths
    return [name_below(path, folders) for path in paths]


def settle_unlabeled(
    scan: Scan,
    folders: Sequence[str],
    left_out: Sequence[str],
    labeled_list: str,
    labeled_names: Iterable[str],
) -> tuple[dict, list[str]]:
    """Choose the settings that give the unlabeled images, and no others.

    Args:
        scan: What was seen of the files.
        folders: Folders that the images may be in.
        left_out: Files that were taken out, and masks.
        labeled_list: Path of the list of the labeled images; may be empty.
        labeled_names: The names in it.

    Returns:
        Settings of ``UnlabeledDataset``, and names of the images below its
        folder if they have to be listed.

    Raises:
        ValueError: If there is no unlabeled image.
    """
    images = set(scan.parts['unlabeled'].paths)
    if not images:
        raise ValueError(
            'there is no unlabeled image (labeled images and masks do not '
            'count): name a folder with --unlabeled-images, or take '
            '--labeled-fraction of the masks'
        )
    used = _folders_of(images, folders)
    stems = {
        path: stem
        for folder in used
        for stem, paths in find_files(folder, IMAGE_SUFFIXES).items()
        for path in paths
    }
    settings = dict(
        data_prefix=dict(img_path=used[0] if len(used) == 1 else used)
    )
    others = set(stems) - images
    if not others:
        return settings, []
    patterns = leave_out(sorted(others & set(left_out)), list(stems))
    patterns = as_list(patterns.get('exclude'))
    names = set(labeled_names) if labeled_list else set()
    if find_left_out(stems, names, patterns) == others:
        exclude = [labeled_list] * bool(names) + patterns
        if not names or find_left_out(stems, names):
            one = exclude[0] if len(exclude) == 1 else exclude
            return dict(settings, exclude=one), []
    root = used[0] if len(used) == 1 else osp.commonpath(used)
    names = sorted(osp.relpath(path, root) for path in images)
    return dict(data_prefix=dict(img_path=root)), names


def _folders_of(images: set[str], folders: Sequence[str]) -> list[str]:
    """The folders that hold any of the images, none inside another."""
    used = []
    for folder in sorted(set(folders), key=len):
        inside = any(is_in(folder, other) for other in used)
        if not inside and any(is_in(path, folder) for path in images):
            used.append(folder)
    return sorted(used, key=list(folders).index)
