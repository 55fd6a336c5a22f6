"""Looking at own images before there is a config for them."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median

from mmseg_usrn.datasets.folder_dataset import FolderSegDataset
from mmseg_usrn.datasets.image_files import (
    IMAGE_SUFFIXES,
    MASK_SUFFIXES,
    find_files,
)
from mmseg_usrn.datasets.unlabeled_dataset import UnlabeledDataset

from .check import CACHE_NAME, check_data
from .files import ImageFacts, MaskFacts
from .labels import LabelRules, likely_cause
from .parts import describe
from .scan import Scanner

MAX_SIDE = 1024  # Larger images are trained at this shorter side, pixels.
MAX_CROP = 512
CROP_STEP = 64
LONGEST = 4  # Longer side that a resize allows, in shorter sides.


class OwnData:
    """What folders of images and masks turn out to hold.

    Args:
        meta: ``classes`` and perhaps ``palette``.
        parts: Settings of the datasets ``labeled``, ``unlabeled`` and, if
            there is one, ``val``: folders, lists, suffixes.

    Attributes:
        labels: Settings that the labeled datasets share: classes, and what
            turns the values of the masks into them.
        note: What the masks hold.
        scale: Longer and shorter side that images are resized to.
        crop_size: Size of the training crops.
        max_value: Largest value of deep images, else 0.
        report: The data check's findings.
    """

    def __init__(self, meta: dict, parts: dict[str, dict]) -> None:
        self.meta = meta
        self.parts = parts
        self.labels = dict(metainfo=meta)
        with tempfile.TemporaryDirectory() as folder:
            self._look(Path(folder) / CACHE_NAME)

    def _look(self, cache_file: Path) -> None:
        """Read all files once, choose the settings, check the data."""
        scanner = Scanner(cache_file)
        images, masks = {}, []
        for name, dataset in self._build().items():
            part = describe(name, dataset)
            images[name] = list(scanner.images(part.images).values())
            masks += scanner.masks(part.pairs.values()).values()
        scanner.save()
        settings, self.note = find_label_settings(
            masks, len(self.meta['classes'])
        )
        self.labels.update(settings)
        self.scale, self.crop_size = find_sizes(images['labeled'])
        self.max_value = find_max_value(sum(images.values(), []))
        self.report = check_data(**self._build(), cache_file=cache_file)

    def _build(self) -> dict[str, FolderSegDataset | UnlabeledDataset]:
        """The datasets of all parts."""
        pipeline = [dict(type='LoadAnnotations')]
        datasets = {}
        for name, settings in self.parts.items():
            settings = dict(settings, serialize_data=False)
            if name == 'unlabeled':
                datasets[name] = UnlabeledDataset(**settings)
            else:
                datasets[name] = FolderSegDataset(
                    **self.labels, **settings, pipeline=pipeline
                )
        return datasets


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


def find_label_settings(
    masks: Iterable[MaskFacts], num_classes: int
) -> tuple[dict, str]:
    """Find the dataset's settings that turn mask values into classes.

    Args:
        masks: Facts of all masks.
        num_classes: K.

    Returns:
        ``reduce_zero_label`` or ``label_map``, empty if none is needed (or
        none would do), and what the masks hold.
    """
    values = Counter()
    for mask in masks:
        if mask.channels == 1:
            values.update(mask.values)
    rules = LabelRules(num_classes)
    labels = [value for value in values if value != rules.ignore_index]
    binary = num_classes == 2 and set(values) == {0, rules.ignore_index}
    if all(rules.is_valid(value) for value in labels) and not binary:
        return {}, f'values {_named(values)}'
    cause = likely_cause(values, rules)
    note = f'values {_named(values)}: {cause.text.split(":")[0]}'
    return cause.settings, note


def _named(values: Mapping[int, int]) -> str:
    names = [str(value) for value in sorted(values)]
    if len(names) > 12:
        names = [*names[:6], '...', *names[-3:]]
    return ', '.join(names)


def find_sizes(
    images: Iterable[ImageFacts],
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Choose the sizes that fit the images.

    Images are trained at about their own size, but at most at a shorter side
    of 1,024 pixels; the crop takes most of the shorter side, up to 512.

    Args:
        images: Facts of the labeled images.

    Returns:
        ``scale`` of the resizes, as MMSegmentation takes it (longer and
        shorter side), and ``crop_size``.
    """
    sizes = [(i.width, i.height) for i in images if not i.fault]
    if not sizes:
        return (4 * MAX_CROP, MAX_CROP), (MAX_CROP, MAX_CROP)
    side = min(int(median(min(size) for size in sizes)), MAX_SIDE)
    scale = (LONGEST * side, side)
    if len(set(sizes)) == 1 and side == min(sizes[0]):
        scale = (max(sizes[0]), side)
    crop = min(side // CROP_STEP * CROP_STEP or side, MAX_CROP)
    return scale, (crop, crop)


def find_max_value(images: Iterable[ImageFacts]) -> int:
    """Find the largest value that deep images can have.

    Args:
        images: Facts of images.

    Returns:
        For example 4095 for 12-bit images in 16-bit files; 0 if the images
        have 8 bits or fill the 16 bits.
    """
    peak = max((image.peak for image in images), default=0)
    bits = max(peak.bit_length(), 8)
    return 2**bits - 1 if 0 < bits < 15 and peak else 0
