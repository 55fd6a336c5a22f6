"""What is wrong with the values of masks, and why.

``K`` is the number of classes; valid labels are ``0..K-1`` and the ignore
value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from mmseg_usrn.datasets.image_files import name_some
from mmseg_usrn.datasets.label_rules import relabel

MAX_UINT8 = 255


@dataclass
class LabelRules:
    """How a part of the data turns mask values into class indices.

    Attributes:
        num_classes: K.
        reduce_zero_label: Whether zero means "not labeled".
        label_map: New value of each value that is to change.
        ignore_index: Value of pixels without a label.
        wide: Whether the loader keeps values above 255.
    """

    num_classes: int
    reduce_zero_label: bool = False
    label_map: dict[int, int] | None = None
    ignore_index: int = 255
    wide: bool = False

    def labels(self, values: Iterable[int]) -> dict[int, int]:
        """Class index of every value, by value."""
        values = list(values)
        # The stock loader's reduce_zero_label always writes 255.
        ignore = self.ignore_index if self.wide else MAX_UINT8
        labels = relabel(
            np.array(values, np.int64),
            self.reduce_zero_label,
            self.label_map,
            ignore,
        )
        return dict(zip(values, labels.tolist(), strict=True))

    def is_valid(self, label: int) -> bool:
        """Whether the losses and metrics take this label."""
        return 0 <= label < self.num_classes or label == self.ignore_index

    def changes_values(self) -> bool:
        """Whether a rule is set at all."""
        return bool(self.reduce_zero_label or self.label_map)


@dataclass
class Cause:
    """The likely cause of wrong values.

    Attributes:
        text: The cause and what to set.
        settings: The settings for the dataset; empty if none would do.
    """

    text: str
    settings: dict = field(default_factory=dict)


def likely_cause(
    values: Mapping[int, int],
    rules: LabelRules,
    palette: bool = False,
) -> Cause:
    """Guess why the values of masks are not what the rules expect.

    Args:
        values: Number of pixels (or of masks) with each value, over all masks.
        rules: The rules in force.
        palette: Whether the masks are palette images.

    Returns:
        The cause, with the dataset's settings that would fix it.
    """
    if rules.changes_values():
        return _cause_with_rules(values, rules)
    K = rules.num_classes
    present = sorted(values)
    labeled = [value for value in present if value != rules.ignore_index]
    if not labeled:
        return Cause('all pixels have the ignore value: these masks are empty')
    if K == 2 and present in ([0, 255], [255]):
        return Cause(
            'binary masks of 0 and 255: set label_map={255: 1}',
            dict(label_map={255: 1}),
        )
    if present == [0, 255]:
        return Cause(
            f'0 and 255 are two classes, but {K} are named: name the two, and '
            'set label_map={255: 1}; or export the masks again with a value '
            'for each class'
        )
    if min(labeled) == 1 and max(labeled) == K:
        return Cause(
            'labels start at 1: set reduce_zero_label=True',
            dict(reduce_zero_label=True),
        )
    if min(labeled) == 0 and max(labeled) == K and len(labeled) > 2:
        return Cause(
            f'labels go from 0 to {K}, one more than there are classes: set '
            'reduce_zero_label=True if 0 means "not labeled"; if 0 is a '
            'class (background), name it first in classes',
            dict(reduce_zero_label=True),
        )
    for grays in (labeled, present):
        if len(grays) == K and max(grays) >= K:
            label_map = {old: new for new, old in enumerate(grays)}
            return Cause(
                f'{K} grey levels stand for the {K} classes: set '
                f'label_map={label_map}',
                dict(label_map=label_map),
            )
    return _cause_of_many_values(labeled, K, palette, rules.ignore_index)


def _cause_with_rules(values: Mapping[int, int], rules: LabelRules) -> Cause:
    """The cause when label_map or reduce_zero_label is set already."""
    wrong = [
        f'{value} becomes {label}'
        for value, label in sorted(rules.labels(values).items())
        if not rules.is_valid(label)
    ]
    named = name_some(wrong)
    return Cause(
        f'label_map={rules.label_map} with reduce_zero_label='
        f'{rules.reduce_zero_label} does not fit these masks ({named}): '
        'correct it'
    )


def _cause_of_many_values(labeled, K: int, palette: bool, ignore) -> Cause:
    """The cause when no single setting fixes it."""
    extra = [value for value in labeled if not 0 <= value < K]
    if len(labeled) > 2 * K + 8:
        return Cause(
            f'{len(labeled)} different values: smoothed or JPEG-compressed '
            'masks, or instance numbers instead of classes; set thresholds: '
            "mask_format=dict(type='LoadThresholdMasks', thresholds=[128]) "
            '(new_dataset.py --mask-threshold 128), or export the masks again '
            'as PNG with class indices'
        )
    kind = 'palette positions' if palette else 'values'
    named = name_some((f'{value}: {ignore}' for value in extra), tail=' ...')
    return Cause(
        f'the {kind} are not the class indices: name the missing classes in '
        f'classes, or ignore the values: label_map={{{named}}}'
    )
