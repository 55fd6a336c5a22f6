"""How many subclasses each class gets.

Large classes are split into more subclasses, so that all subclasses cover
about the same number of pixels. Shapes: ``K`` classes, ``S`` subclasses.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from statistics import median


def apportion_subclasses(
    pixels_per_class: Sequence[int], num_subclasses: int
) -> list[int]:
    """Share a fixed number of subclasses in proportion to the pixels.

    Every class with pixels gets at least one subclass and at most one per
    pixel; the rest is shared by the largest remainder. Of equal remainders
    the first class wins.

    Args:
        pixels_per_class: K numbers of labeled pixels.
        num_subclasses: Sum of the result.

    Returns:
        K numbers of subclasses; 0 for a class without pixels.

    Raises:
        ValueError: If some number is negative, no class has pixels, or
            ``num_subclasses`` is below the number of classes with pixels or
            above the number of pixels.
    """
    pixels = _checked_pixels(pixels_per_class)
    present = sum(p > 0 for p in pixels)
    if num_subclasses < present:
        raise ValueError(
            f'{num_subclasses} subclasses cannot cover {present} classes '
            f'with pixels; set num_subclasses to {present} or more'
        )
    if num_subclasses > sum(pixels):
        raise ValueError(
            f'{num_subclasses} subclasses were asked of {sum(pixels)} '
            f'pixels; lower num_subclasses or add images'
        )
    fixed: dict[int, int] = {k: 0 for k, p in enumerate(pixels) if p == 0}
    while True:
        quotas = _quotas(pixels, num_subclasses, fixed)
        clipped = {k: 1 for k, q in quotas.items() if q < 1}
        if not clipped:
            break
        fixed.update(clipped)
    counts = {**fixed, **{k: int(q) for k, q in quotas.items()}}
    by_remainder = sorted(
        quotas, key=lambda k: (int(quotas[k]) - quotas[k], k)
    )
    for k in by_remainder[: num_subclasses - sum(counts.values())]:
        counts[k] += 1
    return [counts[k] for k in range(len(pixels))]


def apportion_by_unit(
    pixels_per_class: Sequence[int], unit: float = 1.0
) -> list[int]:
    """Give each class one subclass per ``unit`` times the median class.

    The rule ``ceil(pixels / (unit * median))`` comes close to the lists
    published with USRN for Cityscapes. The median is taken over the classes
    with pixels.

    Args:
        pixels_per_class: K numbers of labeled pixels.
        unit: Wished pixels per subclass as a share of the median class.
            Small values give many subclasses.

    Returns:
        K numbers of subclasses; 0 for a class without pixels.

    Raises:
        ValueError: If some number is negative, no class has pixels, or
            ``unit`` is not positive.
    """
    pixels = _checked_pixels(pixels_per_class)
    if not unit > 0:
        raise ValueError(f'unit must be positive, got {unit}')
    typical = Fraction(median(p for p in pixels if p > 0)) * Fraction(unit)
    return [min(p, ceil(p / typical)) for p in pixels]


def resolve_subclasses(
    pixels_per_class: Sequence[int], wished: int | Sequence[int]
) -> list[int]:
    """Take a total to apportion or an explicit list of subclasses.

    Args:
        pixels_per_class: K numbers of labeled pixels.
        wished: Either the total for :func:`apportion_subclasses` or K
            numbers of subclasses, which are checked and returned.

    Raises:
        ValueError: If a list has the wrong length, no subclass for a class
            with pixels, or more subclasses than the class has pixels.
    """
    if isinstance(wished, int):
        return apportion_subclasses(pixels_per_class, wished)
    pixels = _checked_pixels(pixels_per_class)
    check_subclasses(pixels, wished)
    return list(wished)


def check_subclasses(
    pixels_per_class: Sequence[int], subclasses_per_class: Sequence[int]
) -> None:
    """Raise ValueError if the classes cannot be split like this.

    A class without pixels may have subclasses; they stay empty.
    """
    if len(subclasses_per_class) != len(pixels_per_class):
        raise ValueError(
            f'subclasses_per_class has {len(subclasses_per_class)} entries '
            f'for {len(pixels_per_class)} classes'
        )
    for k, (p, s) in enumerate(
        zip(pixels_per_class, subclasses_per_class, strict=True)
    ):
        if s < 0 or (p > 0 and s == 0):
            raise ValueError(
                f'class {k} has {p} pixels and {s} subclasses; give it at '
                f'least 1'
            )
        if 0 < p < s:
            raise ValueError(
                f'class {k} has {p} pixels but {s} subclasses were asked; '
                f'lower num_subclasses or add images'
            )


def apportion_table(
    pixels_per_class: Sequence[int],
    subclasses_per_class: Sequence[int],
    class_names: Sequence[str] | None = None,
) -> str:
    """Readable table of an apportioning.

    One row per class: name, pixels, subclasses, pixels per subclass. The
    last lines give the imbalance, the largest number of pixels divided by
    the smallest one, over the classes before and over the subclasses after.
    """
    names = class_names or [str(k) for k in range(len(pixels_per_class))]
    head = ('class', 'pixels', 'subclasses', 'pixels per subclass')
    rows = [head]
    for name, p, s in zip(
        names, pixels_per_class, subclasses_per_class, strict=True
    ):
        each = f'{p / s:,.1f}' if s else '-'
        rows.append((name, f'{p:,}', str(s), each))
    rows.append(
        ('all', f'{sum(pixels_per_class):,}', str(sum(subclasses_per_class)))
        + ('',)
    )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        '  '.join(
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, '-' * len(lines[0]))
    before, after = imbalances(pixels_per_class, subclasses_per_class)
    lines.append(f'imbalance of the classes: {before:.2f}')
    lines.append(f'imbalance of the subclasses: {after:.2f}')
    return '\n'.join(lines)


def imbalances(
    pixels_per_class: Sequence[int], subclasses_per_class: Sequence[int]
) -> tuple[float, float]:
    """Largest by smallest number of pixels, of classes and of subclasses.

    Classes without pixels or without subclasses do not count. Subclasses
    of one class have sizes that differ by at most one.
    """
    pairs = zip(pixels_per_class, subclasses_per_class, strict=True)
    kept = [(p, s) for p, s in pairs if p > 0 and s > 0]
    if not kept:
        return 1.0, 1.0
    pixels = [p for p, _ in kept]
    largest = max(-(-p // s) for p, s in kept)
    smallest = min(p // s for p, s in kept)
    after = largest / smallest if smallest else float('inf')
    return max(pixels) / min(pixels), after


def _checked_pixels(pixels_per_class: Sequence[int]) -> list[int]:
    pixels = [int(p) for p in pixels_per_class]
    for k, p in enumerate(pixels):
        if p < 0:
            raise ValueError(f'class {k} has {p} pixels; expected 0 or more')
    if sum(pixels) == 0:
        raise ValueError(
            'no class has labeled pixels; check the labels and ignore_index'
        )
    return pixels


def _quotas(
    pixels: Sequence[int], num_subclasses: int, fixed: dict[int, int]
) -> dict[int, Fraction]:
    """Exact share of each class whose number is not fixed yet."""
    rest = num_subclasses - sum(fixed.values())
    free = {k: p for k, p in enumerate(pixels) if k not in fixed}
    total = sum(free.values())
    return {k: Fraction(p * rest, total) for k, p in free.items()}
