"""Colours and names of the classes."""

import colorsys

GOLDEN_RATIO = 0.618034
# Saturation and value of neighbouring classes; hues alone would look alike.
SHADES = ((0.85, 1.0), (0.85, 0.6), (0.4, 0.85))


def default_palette(num_classes: int) -> list[list[int]]:
    """Distinct colours, the same at every call.

    Args:
        num_classes: Number of colours.

    Returns:
        RGB colours of shape (num_classes, 3), values 0..255. The first n
        colours do not depend on ``num_classes``.
    """
    palette = []
    for index in range(num_classes):
        hue = (0.58 + index * GOLDEN_RATIO) % 1
        color = colorsys.hsv_to_rgb(hue, *SHADES[index % len(SHADES)])
        palette.append([round(255 * channel) for channel in color])
    return palette


def check_classes(meta: dict, where: str) -> dict:
    """Check names and colours of the classes.

    Args:
        meta: ``classes`` and perhaps ``palette``.
        where: Where they come from; for the text of an error.

    Returns:
        The same with ``classes`` as a tuple and ``palette`` as a list.

    Raises:
        ValueError: If names are missing, repeated or no strings, or the
            colours do not match them.
    """
    names = meta.get('classes')
    if not isinstance(names, (list, tuple)) or not names:
        raise ValueError(
            f"{where} gives no class names; write classes=('road', 'tree'), "
            'or a name a line'
        )
    names = tuple(names)
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f'{where}: class names must be strings, got {names}')
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f'{where} names a class more than once: {twice}')
    checked = dict(meta, classes=names)
    palette = meta.get('palette')
    if palette:
        checked['palette'] = [list(color) for color in palette]
        if len(palette) != len(names) or any(len(c) != 3 for c in palette):
            raise ValueError(
                f'{where}: {len(names)} classes need as many colours of three '
                f'values (R, G, B); palette is {palette}'
            )
    else:
        checked.pop('palette', None)
    return checked
