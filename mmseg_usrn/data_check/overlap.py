"""The same picture in two parts of the data."""

import os
from base64 import b64decode
from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from .files import ImageFacts
from .report import Finding, error, shown, warning
from .scan import Scan

# Where a name occurs more often, it does not tell pictures apart.
MAX_TWINS = 3
SAME_PICTURE = 8  # largest difference of two thumbnails, of 255
# Pictures of little contrast (night, fog, microscopes) differ little, too: the
# mean difference must also be small beside the contrast.
SHARE_OF_CONTRAST = 0.5
ROUNDING = 0.5


def overlap_findings(scan: Scan) -> list[Finding]:
    """Pictures that two parts have in common.

    Pictures are the same if they are one file, have the same content, or
    have the same name and look alike (saved again, resized). A name that
    occurs in many folders, as of videos, tells nothing.

    Args:
        scan: What was seen of the files.

    Returns:
        The findings; pictures in both training parts are errors.
    """
    images = {name: part.images for name, part in scan.parts.items()}
    found = []
    for first, second, level in (
        ('labeled', 'unlabeled', error),
        ('labeled', 'val', warning),
        ('unlabeled', 'val', warning),
    ):
        if images.get(first) and images.get(second):
            found += _common(first, second, images, level)
    return found


def _common(
    first: str,
    second: str,
    images: Mapping[str, Mapping[str, ImageFacts]],
    level,
) -> list[Finding]:
    """What two parts have in common."""
    part = f'{first}, {second}'
    known = set()
    found = []
    same = _same_content(images[first], images[second])
    if same:
        known = {path for pair in same for path in pair}
        problem = 'the same image in both (equal content)'
        pairs = [_pair(a, b) for a, b in same]
        found.append(level(part, problem, _fix(first, second), pairs))
    alike, different = _same_name(
        *(
            {path: f for path, f in images[name].items() if path not in known}
            for name in (first, second)
        )
    )
    if alike:
        problem = 'the same image in both (same name, looks alike)'
        pairs = [_pair(a, b) for a, b in alike]
        found.append(level(part, problem, _fix(first, second), pairs))
    if different and level is error:
        found.append(
            warning(
                part,
                'the same name in both, but different pictures',
                'nothing, if names repeat from folder to folder',
                [_pair(a, b) for a, b in different],
            )
        )
    return found


def _fix(first: str, second: str) -> str:
    if second == 'unlabeled':
        return (
            "remove them from one part; exclude='labeled.txt' (or the folder "
            'of labeled images) in UnlabeledDataset leaves them out'
        )
    return f'remove them from one part: {second} then measures nothing new'


def _pair(first: str, second: str) -> str:
    if first == second:
        return first
    return f'{shown(first)}\n  = {shown(second)}'


def _same_content(first, second) -> list[tuple[str, str]]:
    """Pairs of paths of equal digest."""
    by_digest = {f.digest: path for path, f in second.items() if f.digest}
    return [
        (path, by_digest[facts.digest])
        for path, facts in first.items()
        if facts.digest in by_digest
    ]


def _same_name(
    first: Mapping[str, ImageFacts], second: Mapping[str, ImageFacts]
) -> tuple[list, list]:
    """Pairs of equal file name (without suffix): alike and different ones."""
    by_name = defaultdict(list)
    for path in second:
        by_name[_name(path)].append(path)
    alike, different = [], []
    for path, facts in first.items():
        candidates = by_name.get(_name(path), [])
        if not 0 < len(candidates) <= MAX_TWINS:
            continue
        twins = [p for p in candidates if _alike(facts, second[p])]
        if twins:
            alike.append((path, twins[0]))
        else:
            different.append((path, candidates[0]))
    return alike, different


def _name(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0].lower()


def is_same_picture(first: ImageFacts, second: ImageFacts) -> bool:
    """Whether two files are equal or look alike."""
    return first.digest == second.digest or _alike(first, second)


def _alike(first: ImageFacts, second: ImageFacts) -> bool:
    """Whether two thumbnails show the same picture."""
    if not first.thumbnail or not second.thumbnail:
        return False
    one, other = (
        np.frombuffer(b64decode(facts.thumbnail), np.uint8).astype(float)
        for facts in (first, second)
    )
    contrast = max(one.std(), other.std())
    rms = np.sqrt(np.square(one - other).mean())
    return bool(
        np.abs(one - other).max() <= SAME_PICTURE
        and rms <= max(SHARE_OF_CONTRAST * contrast, ROUNDING)
    )
