"""The same picture in two parts of the data."""

import os
from collections import defaultdict
from collections.abc import Mapping

import cv2
import mmcv
import numpy as np

from .files import ImageFacts
from .report import DataReport, shown

THUMBNAIL = (16, 16)  # width and height, pixels
# Where a name occurs more often, it does not tell pictures apart.
MAX_TWINS = 3
SAME_PICTURE = 8  # largest difference of two thumbnails, of 255
# Pictures of little contrast (night, fog, microscopes) differ little, too: the
# mean difference must also be small beside the contrast.
SHARE_OF_CONTRAST = 0.5
ROUNDING = 0.5


def check_overlap(
    first: str,
    second: str,
    images: Mapping[str, Mapping[str, ImageFacts]],
    report: DataReport,
    level: str = 'error',
) -> None:
    """Report pictures that two parts have in common.

    Pictures are the same if they are one file, have the same content, or
    have the same name and look alike (saved again, resized). A name that
    occurs in many folders, as of videos, tells nothing.

    Args:
        first: Name of a part.
        second: Name of the other part.
        images: Facts of the images of every part, by path.
        report: Gets the findings.
        level: Level of the findings.
    """
    note = report.error if level == 'error' else report.warning
    part = f'{first}, {second}'
    same = _same_content(images[first], images[second])
    if same:
        note(
            part,
            'the same image in both (equal content)',
            _mend(first, second),
            [_pair(a, b) for a, b in same],
        )
    known = {path for pair in same for path in pair}
    alike, different = _same_name(
        [path for path in images[first] if path not in known],
        [path for path in images[second] if path not in known],
    )
    if alike:
        note(
            part,
            'the same image in both (same name, looks alike)',
            _mend(first, second),
            [_pair(a, b) for a, b in alike],
        )
    if different and level == 'error':
        report.warning(
            part,
            'the same name in both, but different pictures',
            'nothing, if names repeat from folder to folder',
            [_pair(a, b) for a, b in different],
        )


def _mend(first: str, second: str) -> str:
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


def _same_name(first: list[str], second: list[str]) -> tuple[list, list]:
    """Pairs of equal file name (without suffix): alike and different ones."""
    by_name = defaultdict(list)
    for path in second:
        by_name[_name(path)].append(path)
    alike, different = [], []
    for path in first:
        candidates = by_name.get(_name(path), [])
        if not 0 < len(candidates) <= MAX_TWINS:
            continue
        thumbnail = _thumbnail(path)
        twins = [p for p in candidates if _alike(thumbnail, _thumbnail(p))]
        if twins:
            alike.append((path, twins[0]))
        else:
            different.append((path, candidates[0]))
    return alike, different


def _name(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0].lower()


def _thumbnail(path: str) -> np.ndarray | None:
    """A small grayscale version, None if the image cannot be read."""
    try:
        image = mmcv.imread(path, 'grayscale')
        return cv2.resize(image, THUMBNAIL, interpolation=cv2.INTER_AREA)
    except (OSError, ValueError, cv2.error):
        return None


def _alike(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    if first is None or second is None:
        return False
    difference = first.astype(float) - second
    contrast = max(first.std(), second.std())
    rms = np.sqrt(np.square(difference).mean())
    return bool(
        np.abs(difference).max() <= SAME_PICTURE
        and rms <= max(SHARE_OF_CONTRAST * contrast, ROUNDING)
    )
