"""Masks whose form, not whose values, keeps them from being class indices."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np

from mmseg_usrn.datasets.image_files import name_some
from mmseg_usrn.datasets.mask_formats.colors import describe_colors
from mmseg_usrn.datasets.mask_formats.images import OF_NO_CLASS

from .files import MaskFacts
from .headers import is_palette
from .labels import MAX_UINT8, LabelRules
from .parts import Source
from .report import Finding, error

COLORED = 'colour masks: several channels instead of class indices'


def form_findings(part: str, masks: Mapping[str, MaskFacts]) -> list[Finding]:
    """Masks that are unreadable or have colours.

    Args:
        part: Name of the part.
        masks: Facts of the masks, by path.

    Returns:
        The findings.
    """
    files = defaultdict(list)
    for path, facts in masks.items():
        if OF_NO_CLASS in facts.fault:
            colors = facts.fault.partition(OF_NO_CLASS)[0]
            files[f'{colors}{OF_NO_CLASS}'].append(path)
        elif facts.fault:
            files[f'unreadable mask: {facts.fault}'].append(path)
        elif facts.channels > 1 and is_palette(path):
            files['palette masks are loaded as colours'].append(path)
        elif facts.channels > 1 and facts.gray:
            files['masks of several equal channels'].append(path)
        elif facts.channels > 1:
            files[COLORED].append(path)
    return [
        error(part, _form_problem(problem, masks), _form_fix(problem), paths)
        for problem, paths in files.items()
    ]


def _form_problem(problem: str, masks: Mapping[str, MaskFacts]) -> str:
    """The problem, of colours with those that were found."""
    if problem != COLORED:
        return problem
    colors = Counter()
    for facts in masks.values():
        colors.update(facts.colors)
    shares = np.array([*colors.values()]) / max(colors.total(), 1)
    found = describe_colors(np.array([*colors]), shares)
    return f'{problem}; (R,G,B) found: {found}'


def _form_fix(problem: str) -> str:
    """What to do about masks of another form."""
    if problem.startswith('unreadable'):
        return 'restore or export the file again, or remove image and mask'
    if problem.endswith(OF_NO_CLASS):
        return (
            'correct the colours of the classes: new_dataset.py '
            '--mask-colors, colors of LoadColorMasks. Or, in the config, list '
            "it in ignored, or set unlisted='nearest' or 'ignore'"
        )
    if problem.startswith('palette'):
        return "set imdecode_backend='pillow' in LoadAnnotations"
    return (
        "read them by colour: mask_format=dict(type='LoadColorMasks', "
        'colors=[...]) with a colour for each class (new_dataset.py '
        '--mask-colors, docs/own_data.md)'
    )


def beyond_uint8(facts: MaskFacts) -> bool:
    """Whether the stock loader's cut to 8 bits would change a mask."""
    return any(not 0 <= value <= MAX_UINT8 for value in facts.values)


def depth_findings(part: str, source: Source) -> list[Finding]:
    """Values that the stock loader cuts to 8 bits.

    Args:
        part: Name of the part.
        source: A dataset of it, with facts and rules.

    Returns:
        The findings; none where the loader keeps all bits.
    """
    if source.rules.wide:
        return []
    masks = {
        path: facts.values
        for path, facts in source.named_masks().items()
        if facts.channels == 1 and beyond_uint8(facts)
    }
    seen = sorted({value for values in masks.values() for value in values})
    found = []
    if seen and seen[-1] > MAX_UINT8:
        found.append(
            error(
                part,
                f'mask values above 255 (up to {seen[-1]}); '
                'LoadAnnotations would cut them to 8 bits',
                'write class indices; for more than 255 classes load the '
                'masks with LoadWideAnnotations (docs/own_data.md)',
                [path for path, v in masks.items() if max(v) > MAX_UINT8],
            )
        )
    negative = [value for value in seen if value < 0]
    if negative:
        found.append(
            error(
                part,
                f'mask values below 0 ({name_some(negative)}); '
                'LoadAnnotations would cut them to 8 bits, '
                f'{negative[0]} to {negative[0] % (MAX_UINT8 + 1)}',
                _fix_of_negative(negative, source.rules),
                [path for path, v in masks.items() if min(v) < 0],
            )
        )
    return found


def _fix_of_negative(negative: list[int], rules: LabelRules) -> str:
    """The settings that read values below 0 as pixels without a label."""
    reduced = bool(rules.reduce_zero_label)  # comes before label_map
    named = name_some(
        (f'{value - reduced}: {rules.ignore_index}' for value in negative),
        tail=' ...',
    )
    return (
        "load them whole, mask_format=dict(type='LoadIndexMasks'), and if "
        f'they mean "not labeled", set label_map={{{named}}}'
    )
