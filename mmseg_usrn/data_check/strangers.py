"""Unlabeled images that are no photographs: masks, predictions, odd files."""

import os.path as osp
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from .files import FEW_LEVELS, ImageFacts
from .names import MASK_WORDS, TOKEN
from .parts import Part
from .report import Finding, error, warning
from .scan import Scan

PREDICTION_WORDS = {
    *('pred', 'preds', 'prediction', 'predictions', 'output', 'result'),
    *('overlay', 'heatmap', 'prob', 'probs', 'color', 'colour', 'vis'),
}
MAX_PATTERNS = 4
USUAL = 0.9  # share of the labeled images that makes a size the usual one


@dataclass
class Strangers:
    """Unlabeled images that are unlike the labeled ones.

    Attributes:
        problem: What is unlike.
        files: Their paths.
        sure: Whether they cannot be meant.
        setting: Setting of ``UnlabeledDataset`` that leaves them out.
    """

    problem: str
    files: list[str]
    sure: bool
    setting: dict


def stranger_findings(scan: Scan) -> list[Finding]:
    """Unlabeled images that are probably not meant.

    Args:
        scan: What was seen of the files.
    """
    return [
        (error if group.sure else warning)(
            'unlabeled', group.problem, _fix(group.setting), group.files
        )
        for group in find_strangers(scan)
    ]


def _fix(setting: dict) -> str:
    """Text that names the setting."""
    if not setting:
        return (
            'leave them out: write their names into a text file and set '
            "exclude='FILE' in UnlabeledDataset"
        )
    return (
        f'leave them out: exclude={setting["exclude"]!r} in UnlabeledDataset'
    )


def find_strangers(scan: Scan) -> list[Strangers]:
    """Find unlabeled images that are unlike the labeled ones.

    Args:
        scan: What was seen of the files.

    Returns:
        Groups of files: masks and predictions that lie beside their images,
        files of few values, of another size, and of another mode.
    """
    parts = scan.parts
    if 'unlabeled' not in parts or 'labeled' not in parts:
        return []
    images = _pictures(parts['unlabeled'])
    photos = list(_pictures(parts['labeled']).values())
    if not images or not photos:
        return []
    few = [p for p, f in images.items() if _is_like_mask(f, photos, parts)]
    beside = _beside_their_images(images, few)
    alone = [path for path in few if path not in beside]
    most = len(alone) > len(images) / 2
    groups = [
        (
            'masks or predictions beside their images: they would be trained '
            'on as images',
            beside,
            True,
        ),
        ('images of few values, as masks have', alone, most),
    ]
    rest = {p: f for p, f in images.items() if p not in {*beside, *alone}}
    groups.append(
        ('two files of one name: an image and its mask?', _twins(rest), False)
    )
    groups += _unlike(rest, photos)
    return [
        Strangers(problem, files, sure, leave_out(files, list(images)))
        for problem, files, sure in groups
        if files
    ]


def _pictures(part: Part) -> dict[str, ImageFacts]:
    return {path: f for path, f in part.images.items() if f.width}


def _is_like_mask(
    facts: ImageFacts, photos: Sequence[ImageFacts], parts: Mapping[str, Part]
) -> bool:
    """Whether a picture has as few values as masks, and photos have not."""
    if facts.levels > FEW_LEVELS:
        return False
    if facts.levels < min(photo.levels for photo in photos) / 2:
        return True
    known = {
        value
        for source in parts['labeled'].sources
        for mask in source.masks.values()
        for value in mask.values
    }
    return bool(facts.values) and set(facts.values) <= known


def _beside_their_images(
    images: Mapping[str, ImageFacts], few: Sequence[str]
) -> list[str]:
    """Masks and predictions that have the name of another image, or more."""
    stems = Counter(osp.splitext(path)[0].lower() for path in images)
    few = set(few)
    beside = []
    for path in images:
        stem = osp.splitext(path)[0].lower()
        words = set(re.findall('[a-z]+', osp.basename(stem)))
        named = bool(words & (MASK_WORDS | PREDICTION_WORDS))
        based = _has_base(stem, stems)
        if (path in few and stems[stem] > 1) or (
            based and (named or path in few)
        ):
            beside.append(path)
    return beside


def _has_base(stem: str, stems: Mapping[str, int]) -> bool:
    """Whether another image is named like this one without an addition."""
    folder, name = osp.split(stem)
    places = [match.start() for match in TOKEN.finditer(name)]
    return any(osp.join(folder, name[:end]) in stems for end in places[1:])


def _twins(images: Mapping[str, ImageFacts]) -> list[str]:
    """Of files that differ in their suffix only, the plainer kind."""
    by_stem = defaultdict(list)
    for path in images:
        by_stem[osp.splitext(path)[0]].append(path)
    twins = [path for paths in by_stem.values() if paths[1:] for path in paths]
    levels = defaultdict(list)
    for path in twins:
        levels[osp.splitext(path)[1]].append(images[path].levels)
    plain = min(levels, key=lambda s: median(levels[s]), default='')
    return [path for path in twins if path.endswith(plain)]


def _unlike(
    images: Mapping[str, ImageFacts], photos: Sequence[ImageFacts]
) -> list[tuple[str, list[str], bool]]:
    """Images whose size or mode no labeled image has, but most others."""
    groups = []
    for what, key in (
        ('size', lambda f: tuple(sorted((f.width, f.height)))),
        ('mode (grey or colour)', lambda f: f.colored),
        ('type of values', lambda f: f.kind),
        ('number of bands', lambda f: f.bands),
    ):
        (usual, count), *_ = Counter(map(key, photos)).most_common(1)
        known = set(map(key, photos))
        odd = [path for path, f in images.items() if key(f) not in known]
        if count >= USUAL * len(photos) and 0 < len(odd) < len(images) / 2:
            groups.append((f'{what} unlike the rest', odd, False))
    return groups


def leave_out(files: Sequence[str], images: Sequence[str]) -> dict:
    """Find the setting that leaves files out, and no other image.

    Args:
        files: Paths to leave out.
        images: Paths of all images.

    Returns:
        ``exclude`` of ``UnlabeledDataset``; nothing if no pattern fits.
    """
    others = set(images) - set(files)
    names = [osp.basename(path) for path in files]
    ends = sorted({_end(name) for name in names})
    types = sorted({osp.splitext(name)[1] for name in names})
    for suffixes in (types, ends):
        if len(suffixes) <= MAX_PATTERNS and not any(
            path.endswith(tuple(suffixes)) for path in others
        ):
            patterns = [f'*{suffix}' for suffix in suffixes]
            return dict(
                exclude=patterns[0] if len(patterns) == 1 else patterns
            )
    return {}


def _end(name: str) -> str:
    """The last word of a name with what is around it: ``_mask.png``."""
    stem, suffix = osp.splitext(name)
    match = re.search(r'[^A-Za-z0-9]?[A-Za-z]+[^A-Za-z0-9]*$', stem)
    return (match[0] if match else '') + suffix
