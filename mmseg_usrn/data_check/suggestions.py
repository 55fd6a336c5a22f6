"""Settings that suit own images and masks."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean, median

from mmseg.registry import TRANSFORMS

from mmseg_usrn.datasets.label_rules import label_map_of
from mmseg_usrn.datasets.mask_formats.named import find_background
from mmseg_usrn.datasets.transforms import LoadBands

from .files import ImageFacts, MaskFacts
from .labels import LabelRules, likely_cause
from .ranges import DARK_PEAK, full_value
from .scan import Scan

MAX_SIDE = 1024  # Larger images are trained at this shorter side, pixels.
MAX_CROP = 512
SMALL_SIDE, SMALL_CROP = 320, 192  # the same for trainings on a CPU
CROP_STEP = 64
LONGEST = 4  # Longer side that a resize allows, in shorter sides.
FLAT = 16  # Grey levels that are too few to see anything.
MAX_OTHERS = 12  # values without a class; more are a mistake


@dataclass
class Suggestion:
    """Settings of a config that suit the data.

    Attributes:
        labels: What turns the values of the masks into classes:
            ``reduce_zero_label``, ``label_map``, or nothing.
        values: Values of the masks.
        note: What the masks hold.
        scale: Longer and shorter side that images are resized to.
        crop_size: Height and width of the training crops.
        load_image: The step that loads images.
        bands: Number of bands of images that have no colours, else 0.
        mean: Mean of their values as loaded, 0 to 255.
        range_notes: What the user should know of the values of the images.
    """

    labels: dict = field(default_factory=dict)
    values: frozenset[int] = frozenset()
    note: str = ''
    scale: tuple[int, int] = (4 * MAX_CROP, MAX_CROP)
    crop_size: tuple[int, int] = (MAX_CROP, MAX_CROP)
    load_image: dict = field(
        default_factory=lambda: dict(type='LoadImageFromFile')
    )
    bands: int = 0
    mean: float = 0.0
    range_notes: list[str] = field(default_factory=list)


def suggest_settings(scan: Scan, small: bool = False) -> Suggestion:
    """Choose the settings that suit the data.

    Args:
        scan: What was seen of the files, by datasets without label rules.
        small: Whether to keep images and crops small.

    Returns:
        The settings.
    """
    labeled = scan.parts['labeled']
    sources = [s for part in scan.parts.values() for s in part.sources]
    masks = [facts for source in sources for facts in source.masks.values()]
    images = [facts for source in sources for facts in source.images.values()]
    labels, note = find_label_settings(masks, len(labeled.classes))
    limits = (SMALL_SIDE, SMALL_CROP) if small else (MAX_SIDE, MAX_CROP)
    scale, crop_size = find_sizes(labeled.images.values(), *limits)
    loader = find_image_loader(images, labeled.sources[0].loaders.images[0])
    bands = [f for f in images if f.width and f.channels != 3]
    return Suggestion(
        labels,
        frozenset(value for mask in masks for value in mask.values),
        note,
        scale,
        crop_size,
        loader,
        max((f.channels for f in bands), default=0),
        mean([_as_loaded(f.mean, f, loader) for f in bands] or [0.0]),
        range_notes(images, loader),
    )


def apply_settings(scan: Scan, suggestion: Suggestion) -> None:
    """Judge the same files by the settings of a suggestion.

    Args:
        scan: What was seen of the files; changed in place.
        suggestion: Settings that the datasets get.
    """
    for part in scan.parts.values():
        for source in part.sources:
            source.loaders.images = [TRANSFORMS.build(suggestion.load_image)]
            if source.rules:
                source.rules = replace(source.rules, **suggestion.labels)


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


def refuse_lost_background(
    classes: Sequence[str], suggestion: Suggestion
) -> None:
    """Refuse to take 0 for "not labeled" where it must be the background.

    Args:
        classes: Names of the classes.
        suggestion: Settings for masks of these classes.

    Raises:
        ValueError: If the masks have a value more than there are classes, and
            the first class is the background.
    """
    reduced = suggestion.labels.get('reduce_zero_label')
    if reduced and 0 in suggestion.values and find_background(classes[:1]):
        raise ValueError(
            f'the masks have {suggestion.note}, and {classes[0]} is named '
            'first: name the class that is missing, in the order of the '
            'values; or, if 0 means "not labeled", save it as 255'
        )


def number_classes(values: Sequence[int], suggestion: Suggestion) -> None:
    """Read the masks by the numbers that a file gives the classes.

    Args:
        values: Number of every class, in the order of the classes.
        suggestion: Changed in place.
    """
    others = suggestion.values - {*values, LabelRules.ignore_index}
    few = others if len(others) <= MAX_OTHERS else ()
    suggestion.note = f'values {_named(suggestion.values)}; '
    suggestion.note += f'the classes have the numbers {_named(values)}'
    if few:
        suggestion.note += ', and what has another one counts as not labeled'
    from_one = list(values) == [*range(1, len(values) + 1)]
    if from_one and others == {0} and len(values) not in suggestion.values:
        suggestion.note += ' (if 0 is the first class, number them from 0)'
    if from_one and others <= {0}:
        suggestion.labels = dict(reduce_zero_label=True)
    else:
        suggestion.labels = dict(label_map=label_map_of(values, few))


def label_notes(suggestion: Suggestion) -> list[str]:
    """What was guessed about the values of the masks, for the user to read."""
    if not suggestion.labels:
        return []
    settings = ', '.join(f'{k}={v}' for k, v in suggestion.labels.items())
    if suggestion.labels.get('reduce_zero_label'):
        settings += ': 0 is no label'
    return [f'the masks have {suggestion.note}; read with {settings}']


def range_notes(images: Iterable[ImageFacts], loader: dict) -> list[str]:
    """Say which images a loader makes nearly flat, for the user to read.

    Args:
        images: Facts of images, looked at as they are stored.
        loader: Config of the step that loads them.
    """
    deep = [f for f in images if f.width and f.kind != 'uint8']
    limits = {k: v for k, v in loader.items() if k.endswith('_value')}
    flat = [
        facts
        for facts in deep
        if limits
        and _as_loaded(facts.peak, facts, loader)
        < _as_loaded(facts.low, facts, loader) + FLAT
    ]
    if not flat:
        return []
    settings = ', '.join(f'{k}={v:g}' for k, v in limits.items())
    low, peak = min(f.low for f in flat), max(f.peak for f in flat)
    return [
        f'{len(flat)} of {len(deep)} images have values from {low:g} to '
        f'{peak:g} only and load nearly flat with {settings}: if the others '
        'are of another unit, leave them out; else change load_image'
    ]


def _as_loaded(value: float, facts: ImageFacts, loader: dict) -> float:
    """What a loader makes of a stored value of an image, 0 to 255."""
    low, high = loader.get('min_value', 0), loader.get('max_value', 255)
    if facts.kind == 'uint8':
        return value
    return min(max((value - low) / (high - low), 0), 1) * 255


def _named(values: Iterable[int]) -> str:
    names = [str(value) for value in sorted(values)]
    if len(names) > 12:
        names = [*names[:6], '...', *names[-3:]]
    return ', '.join(names)


def find_sizes(
    images: Iterable[ImageFacts],
    max_side: int = MAX_SIDE,
    max_crop: int = MAX_CROP,
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Choose the sizes that fit the images.

    Images are trained at about their own size, but not above a limit; the
    crop takes most of the shorter side, up to a limit.

    Args:
        images: Facts of the labeled images.
        max_side: Largest shorter side, pixels.
        max_crop: Largest side of the crops, pixels.

    Returns:
        ``scale`` of the resizes, as MMSegmentation takes it (longer and
        shorter side), and ``crop_size``.
    """
    sizes = [(i.width, i.height) for i in images if i.width]
    if not sizes:
        return Suggestion.scale, Suggestion.crop_size
    side = min(int(median(min(size) for size in sizes)), max_side)
    scale = (LONGEST * side, side)
    if len(set(sizes)) == 1 and side == min(sizes[0]):
        scale = (max(sizes[0]), side)
    crop = min(side // CROP_STEP * CROP_STEP or side, max_crop)
    return scale, (crop, crop)


def find_image_loader(images: Iterable[ImageFacts], look) -> dict:
    """Find the step that loads images as they are meant.

    Args:
        images: Facts of images.
        look: The step that loaded them for this look.

    Returns:
        The stock step; ``LoadDeepImage`` for 16-bit images that it would make
        nearly black, and for floating-point ones; ``LoadBands`` if the look
        was at single bands.
    """
    images = [facts for facts in images if facts.width]
    deep = [facts for facts in images if facts.kind != 'uint8']
    limits = {}
    if deep:
        peak = max(facts.peak for facts in deep)
        limits['max_value'] = full_value(peak)
        low = min(facts.low for facts in deep)
        if low < 0:
            limits['min_value'] = low
    if isinstance(look, LoadBands):
        bands = dict(bands=look.bands) if look.bands else {}
        return dict(type='LoadBands', **bands, **limits)
    plain = {facts.kind for facts in images} <= {'uint8', 'uint16'}
    if not deep or (plain and peak >= DARK_PEAK):
        return dict(type='LoadImageFromFile')
    return dict(type='LoadDeepImage', **limits)
