"""All that is wrong with the data, from what was seen of the files."""

from mmseg_usrn.datasets.image_files import name_some

from .masks import labeled_pixels, mask_findings, missing_classes
from .overlap import overlap_findings
from .parts import Part, Source
from .ranges import DARK_PEAK, full_value
from .report import DataReport, Finding, error, warning
from .scan import Scan
from .shared_masks import shared_mask_findings
from .strangers import stranger_findings

USE_BANDS = (
    "load them with dict(type='LoadBands'), or some of them with "
    "dict(type='LoadBands', bands=[0, 1, 2]) (docs/mask_formats.md)"
)


def findings(scan: Scan) -> list[Finding]:
    """List all faults at once.

    Args:
        scan: What was seen of the files.

    Returns:
        The findings, part by part.
    """
    found = []
    for part in scan.parts.values():
        found += _part_findings(part, scan.num_classes)
    return found + stranger_findings(scan) + overlap_findings(scan)


def make_report(scan: Scan) -> DataReport:
    """The findings with the numbers of images and labeled pixels."""
    report = DataReport(findings(scan))
    report.counts = {name: len(p.paths) for name, p in scan.parts.items()}
    labeled = scan.parts.get('labeled')
    if labeled and not _class_count_findings(labeled, scan.num_classes):
        pixels = labeled_pixels(labeled)
        report.pixels = {
            name: pixels[i] for i, name in enumerate(labeled.classes)
        }
    return report


def _part_findings(part: Part, num_classes: int | None) -> list[Finding]:
    """Faults of the images and masks of one part."""
    if not part.paths:
        return [error(part.name, 'no image at all', 'correct the paths')]
    if part.remote:
        return [
            warning(
                part.name,
                'the files are on another machine and were not looked at',
                'check a local copy',
                part.paths,
            )
        ]
    found = _image_findings(part)
    if part.name == 'labeled' and not part.has_masks:
        found.append(
            error(
                part.name,
                'the labeled images have no masks',
                'set seg_map_path in data_prefix',
            )
        )
    wrong_classes = _class_count_findings(part, num_classes)
    if wrong_classes:
        return found + wrong_classes
    for source in part.sources:
        if source.rules:
            found += mask_findings(part.name, source)
    return found + shared_mask_findings(part) + missing_classes(part)


def _image_findings(part: Part) -> list[Finding]:
    """Images that cannot be read, would be nearly black, or are no picture."""
    faults = {}
    for path, facts in part.images.items():
        if facts.fault:
            faults.setdefault(facts.fault, []).append(path)
    found = [
        error(
            part.name,
            f'unreadable image: {fault}',
            USE_BANDS
            if 'band(s)' in fault
            else 'restore the file, or remove it from the folder or list',
            files,
        )
        for fault, files in faults.items()
    ]
    for source in part.sources:
        if any(not f.fault and not f.width for f in source.images.values()):
            found.append(
                warning(
                    part.name,
                    f'{source.loaders.names} load(s) these files: only '
                    'looked whether they are there',
                    'check size and values of the masks yourself',
                )
            )
    for source in part.sources:
        if source.loaders.stock:
            found += _dark_findings(part.name, source)
            found += _band_findings(part.name, source)
    return found


def _dark_findings(part: str, source: Source) -> list[Finding]:
    """Images that the stock loader makes black, or does not load."""
    deep = {p: f.peak for p, f in source.images.items() if f.kind == 'uint16'}
    found = []
    if deep and max(deep.values()) < DARK_PEAK:
        found.append(
            warning(
                part,
                f'16-bit images with values up to {max(deep.values())} only: '
                'they load nearly black',
                f"load them with dict(type='LoadDeepImage', "
                f'max_value={full_value(max(deep.values()))}) '
                '(docs/mask_formats.md)',
                deep,
            )
        )
    others = {
        path: facts
        for path, facts in source.images.items()
        if facts.kind not in ('', 'uint8', 'uint16')
    }
    if others:
        peak = max(facts.peak for facts in others.values())
        kinds = ', '.join(sorted({facts.kind for facts in others.values()}))
        found.append(
            error(
                part,
                f'images of {kinds} values (up to {peak:g}), which '
                'LoadImageFromFile does not load',
                "load them with dict(type='LoadDeepImage', "
                f'max_value={full_value(peak)}) (docs/mask_formats.md)',
                others,
            )
        )
    return found


def _band_findings(part: str, source: Source) -> list[Finding]:
    """Files of which the stock loader leaves bands out."""
    cut = {
        path: facts
        for path, facts in source.images.items()
        if facts.width and facts.bands > 1
    }
    if not cut:
        return []
    numbers = sorted({facts.bands for facts in cut.values()})
    return [
        error(
            part,
            f'images of {name_some(numbers)} bands that are no colours: '
            'LoadImageFromFile leaves some out',
            USE_BANDS,
            cut,
        )
    ]


def _class_count_findings(
    part: Part, num_classes: int | None
) -> list[Finding]:
    """Classes that do not fit the model or the ignore value.

    With one of these it makes no sense to look at the masks.
    """
    names = len(part.classes)
    rules = [source.rules for source in part.sources if source.rules]
    if not rules:
        return []
    if num_classes is not None and names not in (0, num_classes):
        return [
            error(
                part.name,
                f'the dataset has {names} classes, the model {num_classes}',
                'set num_classes of the decode heads to the number of classes',
            )
        ]
    if any(r.num_classes == 0 for r in rules):
        return [
            error(
                part.name,
                'the classes are not named',
                'set classes in metainfo',
            )
        ]
    if names == 1:
        return [
            error(
                part.name,
                f'{part.classes[0]} is the only class: every pixel would be '
                'of it',
                'name the background, too: classes=('
                f"'background', {part.classes[0]!r})",
            )
        ]
    for r in rules:
        if r.ignore_index < r.num_classes:
            return [
                error(
                    part.name,
                    f'ignore_index {r.ignore_index} is one of the '
                    f'{r.num_classes} classes',
                    'for more than 255 classes use LoadWideAnnotations and '
                    'ignore_index=65535 (docs/own_data.md)',
                )
            ]
    return []
