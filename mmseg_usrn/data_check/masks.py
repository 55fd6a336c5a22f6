"""Findings about the masks of one part of the data."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from .files import ImageFacts, MaskFacts
from .labels import MAX_UINT8, LabelRules, likely_cause
from .report import DataReport, shown


def check_masks(
    part: str,
    pairs: Mapping[str, str],
    images: Mapping[str, ImageFacts],
    masks: Mapping[str, MaskFacts],
    rules: LabelRules,
    report: DataReport,
) -> Counter:
    """Check masks against their images and the label rules.

    Args:
        part: Name of the part.
        pairs: Mask of every image, by path.
        images: Facts of the images.
        masks: Facts of the masks.
        rules: How values become class indices.
        report: Gets the findings.

    Returns:
        Number of labeled pixels of every class; none if values are wrong.
    """
    usable = _check_form(part, masks, report)
    _check_sizes(part, pairs, images, masks, report)
    if not rules.wide:
        usable = _check_depth(part, usable, report)
    return _check_values(part, usable, rules, report)


def _check_form(part, masks, report) -> dict[str, MaskFacts]:
    """Report masks that are unreadable or have colours; return the rest."""
    faults = defaultdict(list)
    colored, gray, from_palette, usable = [], [], [], {}
    for path, facts in masks.items():
        if facts.fault:
            faults[facts.fault].append(path)
        elif facts.channels == 1:
            usable[path] = facts
        elif facts.palette:
            from_palette.append(path)
        else:
            (gray if facts.gray else colored).append(path)
    for fault, files in faults.items():
        report.error(
            part,
            f'unreadable mask: {fault}',
            'restore or export the file again, or remove image and mask',
            files,
        )
    if from_palette:
        report.error(
            part,
            'palette masks are loaded as colours',
            "set imdecode_backend='pillow' in LoadAnnotations",
            from_palette,
        )
    if gray:
        report.error(
            part,
            'masks of several equal channels',
            'keep one channel: save the masks as 8-bit grayscale PNG',
            gray,
        )
    if colored:
        report.error(
            part,
            'colour masks: several channels instead of class indices',
            'write the index of the class instead of its colour into every '
            'pixel (docs/own_data.md shows how)',
            colored,
        )
    return usable


def _check_sizes(part, pairs, images, masks, report) -> None:
    """Report masks that are not as large as their image."""
    turned, other = [], []
    for image_path, mask_path in pairs.items():
        image, mask = images[image_path], masks[mask_path]
        if image.fault or not mask.width:
            continue
        if (image.width, image.height) == (mask.width, mask.height):
            continue
        text = (
            f'{shown(mask_path)} ({mask.width}x{mask.height}), '
            f'image {image.width}x{image.height}'
        )
        swapped = (image.height, image.width) == (mask.width, mask.height)
        (turned if image.turned and swapped else other).append(text)
    if turned:
        report.error(
            part,
            'EXIF turns the image but not its mask',
            'turn the masks, or load the images unturned: '
            "color_type='color_ignore_orientation' in LoadImageFromFile",
            turned,
        )
    if other:
        report.error(
            part,
            'image and mask differ in size (width x height)',
            'export the mask again in the size of the image',
            other,
        )


def _check_depth(part, masks, report) -> dict[str, MaskFacts]:
    """Report values that the stock loader cuts to 8 bits."""
    deep = {
        path: max(m.values)
        for path, m in masks.items()
        if max(m.values, default=0) > MAX_UINT8
    }
    if deep:
        report.error(
            part,
            f'mask values above 255 (up to {max(deep.values())}); '
            'LoadAnnotations would cut them to 8 bits',
            'write class indices; for more than 255 classes load the masks '
            'with LoadWideAnnotations (docs/own_data.md)',
            list(deep),
        )
        masks = {p: m for p, m in masks.items() if p not in deep}
    return masks


def _check_values(part, masks, rules, report) -> Counter:
    """Report values that become no class; count the pixels of the others."""
    pixels, values = Counter(), Counter()
    wrong = {}  # the wrong values of each mask that has some
    empty = []
    for path, facts in masks.items():
        values.update(facts.values)
        labels = rules.labels(facts.values)
        for value, label in labels.items():
            if not rules.is_valid(label):
                wrong.setdefault(path, []).append(value)
            elif label != rules.ignore_index:
                pixels[label] += facts.values[value]
        if set(labels.values()) == {rules.ignore_index}:
            empty.append(path)
    palette = any(facts.palette for facts in masks.values())
    if wrong:
        _report_wrong_values(part, wrong, values, rules, palette, report)
        return Counter()
    if _is_binary_0_255(values, rules):
        report.error(
            part,
            'the masks hold only 0 and 255, and 255 is ignored: no pixel is '
            'of class 1',
            likely_cause(values, rules).text,
            list(masks),
        )
        return Counter()
    if empty:
        report.warning(
            part,
            'no pixel of these masks has a class',
            'remove them, or correct the masks',
            empty,
        )
    return pixels


def _report_wrong_values(part, wrong, values, rules, palette, report) -> None:
    """One row for all wrong values: they have one cause."""
    K, ignore = rules.num_classes, rules.ignore_index
    counts = Counter(value for found in wrong.values() for value in found)
    named = [f'{value} ({n} masks)' for value, n in sorted(counts.items())]
    report.error(
        part,
        f'values outside 0..{K - 1} and {ignore}: {_first(named)}',
        likely_cause(values, rules, palette).text,
        [f'{shown(path)}: {_first(sorted(v))}' for path, v in wrong.items()],
    )


def _first(items: list, limit: int = 8) -> str:
    """Join the first items and count the others."""
    text = ', '.join(str(item) for item in items[:limit])
    hidden = len(items) - limit
    return f'{text} and {hidden} more' if hidden > 0 else text


def _is_binary_0_255(values: Mapping[int, int], rules: LabelRules) -> bool:
    """Whether 255 means the second of two classes, but is ignored."""
    return (
        rules.num_classes == 2
        and rules.ignore_index == MAX_UINT8
        and not rules.changes_values()
        and MAX_UINT8 in values
        and set(values) <= {0, MAX_UINT8}
    )


def check_classes_present(
    pixels: Mapping[int, int],
    classes: tuple[str, ...],
    rules: LabelRules,
    report: DataReport,
) -> None:
    """Warn of classes that no labeled image has.

    Args:
        pixels: Labeled pixels of every class.
        classes: Names of the classes.
        rules: The label rules of the labeled part.
        report: Gets the warning.
    """
    missing = [i for i in range(len(classes)) if not pixels.get(i)]
    if not missing or not pixels:
        return
    names = _first([f'{i} ({classes[i]})' for i in missing])
    mend = 'label an image of each; they cannot be learned'
    if missing == [len(classes) - 1] and rules.reduce_zero_label:
        mend += '. Or the labels start at 0: then reduce_zero_label=False'
    if missing == [0] and not rules.reduce_zero_label:
        mend += '. Or the labels start at 1: then reduce_zero_label=True'
    report.warning(
        'labeled', f'classes without any labeled pixel: {names}', mend
    )
