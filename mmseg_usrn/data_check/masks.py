"""Findings about the masks of one part of the data."""

from collections import Counter
from collections.abc import Mapping

from mmseg_usrn.datasets.image_files import name_some

from .files import SIDEWAYS, MaskFacts
from .headers import is_palette
from .labels import MAX_UINT8, LabelRules, likely_cause
from .mask_forms import beyond_uint8, depth_findings, form_findings
from .parts import Part, Source
from .report import Finding, error, shown, warning

NUM_VALUES = 8  # Values that a row names; it counts the others.


def mask_findings(part: str, source: Source) -> list[Finding]:
    """Check masks against their images and the label rules.

    Args:
        part: Name of the part.
        source: A dataset of it, with facts and rules.

    Returns:
        The findings.
    """
    return [
        *form_findings(part, source.named_masks()),
        *_size_findings(part, source),
        *turn_findings(part, source),
        *depth_findings(part, source),
        *_value_findings(part, source),
    ]


def usable_masks(source: Source) -> dict[str, MaskFacts]:
    """The masks whose values can be judged, by name."""
    return {
        name: facts
        for name, facts in source.named_masks().items()
        if not facts.fault
        and facts.channels == 1
        and not (beyond_uint8(facts) and not source.rules.wide)
    }


def labeled_pixels(part: Part) -> Counter:
    """Count the labeled pixels of every class.

    Args:
        part: A part with facts.

    Returns:
        Pixels by class index; none if a value is no class.
    """
    pixels = Counter()
    for source in part.sources:
        for facts in usable_masks(source).values() if source.rules else ():
            for value, label in source.rules.labels(facts.values).items():
                if not source.rules.is_valid(label):
                    return Counter()
                if label != source.rules.ignore_index:
                    pixels[label] += facts.values[value]
    return pixels


def missing_classes(part: Part) -> list[Finding]:
    """Classes that no labeled image has."""
    pixels = labeled_pixels(part)
    missing = [i for i in range(len(part.classes)) if not pixels.get(i)]
    if part.name != 'labeled' or not missing or not pixels:
        return []
    source = next(source for source in part.sources if source.rules)
    rules, numbered = source.rules, source.loaders.stores_values
    fix = 'label an image of each; they cannot be learned'
    last = len(part.classes) - 1
    if numbered and missing == [last] and rules.reduce_zero_label:
        fix += '. Or the labels start at 0: then reduce_zero_label=False'
    if numbered and missing == [0] and not rules.reduce_zero_label:
        fix += '. Or the labels start at 1: then reduce_zero_label=True'
    names = [f'{i} ({part.classes[i]})' for i in missing]
    problem = f'classes without any labeled pixel: {_named(names)}'
    return [warning(part.name, problem, fix)]


def turn_findings(part: str, source: Source) -> list[Finding]:
    """Masks of which the size does not tell whether they are turned."""
    unclear = [
        path
        for path in source.masks
        if (image := source.images[path]).orientation > 1
        and (image.orientation not in SIDEWAYS or image.width == image.height)
    ]
    if not unclear or source.loaders.ignores_orientation:
        return []
    return [
        warning(
            part,
            'EXIF turns these images, and the size does not tell whether '
            'their masks are of the turned picture',
            'look at them with tools/show_samples.py; if the masks are of the '
            "picture as stored, set color_type='color_ignore_orientation' in "
            'LoadImageFromFile',
            unclear,
        )
    ]


def _size_findings(part: str, source: Source) -> list[Finding]:
    """Masks that are not as large as their image."""
    turned, other = [], []
    for path, mask in source.masks.items():
        image = source.images[path]
        if not image.width or not mask.width:
            continue
        if (image.width, image.height) == (mask.width, mask.height):
            continue
        text = (
            f'{shown(source.mask_name(path))} ({mask.width}x{mask.height}), '
            f'image {image.width}x{image.height}'
        )
        swapped = (image.height, image.width) == (mask.width, mask.height)
        (turned if image.turned and swapped else other).append(text)
    found = []
    if turned:
        found.append(
            error(
                part,
                'EXIF turns the image but not its mask',
                'turn the masks, or load the images unturned: '
                "color_type='color_ignore_orientation' in LoadImageFromFile",
                turned,
            )
        )
    if other:
        found.append(
            error(
                part,
                'image and mask differ in size (width x height)',
                'export the mask again in the size of the image',
                other,
            )
        )
    return found


def _value_findings(part: str, source: Source) -> list[Finding]:
    """Values that become no class, and masks without any."""
    rules, masks = source.rules, usable_masks(source)
    values = Counter()
    wrong = {}  # the wrong values of each mask that has some
    empty = []
    for path, facts in masks.items():
        values.update(facts.values)
        labels = rules.labels(facts.values)
        bad = [v for v, label in labels.items() if not rules.is_valid(label)]
        if bad:
            wrong[path] = sorted(bad)
        if set(labels.values()) == {rules.ignore_index}:
            empty.append(path)
    if wrong:
        return [_wrong_values(part, wrong, values, rules)]
    if _is_binary_0_255(values, rules):
        others = 'class 1' if rules.num_classes == 2 else 'any class but 0'
        fix = 'label some, or correct mask_format'
        if source.loaders.stores_values:
            fix = likely_cause(values, rules).text
        return [
            error(
                part,
                'the masks hold only 0 and 255, and 255 is ignored: no pixel '
                f'is of {others}',
                fix,
                masks,
            )
        ]
    if not empty:
        return []
    return [
        warning(
            part,
            'no pixel of these masks has a class',
            'remove them, or correct the masks',
            empty,
        )
    ]


def _wrong_values(
    part: str,
    wrong: Mapping[str, list[int]],
    values: Counter,
    rules: LabelRules,
) -> Finding:
    """One row for all wrong values: they have one cause."""
    K, ignore = rules.num_classes, rules.ignore_index
    counts = Counter(value for found in wrong.values() for value in found)
    named = [f'{value} ({n} masks)' for value, n in sorted(counts.items())]
    palette = is_palette(next(iter(wrong)))
    return error(
        part,
        f'values outside 0..{K - 1} and {ignore}: {_named(named)}',
        likely_cause(values, rules, palette).text,
        [f'{shown(path)}: {_named(found)}' for path, found in wrong.items()],
    )


def _named(values: list) -> str:
    return name_some(values, NUM_VALUES)


def _is_binary_0_255(values: Mapping[int, int], rules: LabelRules) -> bool:
    """Whether 255 means a class, but is ignored."""
    return (
        rules.num_classes > 1
        and rules.ignore_index == MAX_UINT8
        and not rules.changes_values()
        and MAX_UINT8 in values
        and set(values) <= {0, MAX_UINT8}
    )
