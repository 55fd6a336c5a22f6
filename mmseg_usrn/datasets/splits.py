"""Which training images are labeled: reading, checking, drawing split lists.

An image is named by its *stem*, the form that MMSegmentation's ``ann_file``
reads: the path below the image folder without the image suffix, one a line.
For Cityscapes, whose image suffix is ``_leftImg8bit.png``, a stem is
``aachen/aachen_000000_000019``.
"""

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

from PIL import Image

from .image_files import IMAGE_SUFFIXES, name_some, strip_suffix

# The image part of a line in the lists of the original USRN code, such as
# `/JPEGImages/2007_000032.jpg /SegmentationClassAug/2007_000032.png`.
ORIGINAL_IMAGE = re.compile(
    r'^/?(?:JPEGImages/(?P<voc>.+)\.jpg'
    r'|leftImg8bit/[^/]+/(?P<city>.+)_leftImg8bit\.png)$'
)


def read_split(path: str | Path, with_suffix: bool = False) -> list[str]:
    """Reads a list of training images.

    Two forms are understood, also mixed: one stem a line (MMSegmentation),
    and ``/JPEGImages/x.jpg /SegmentationClassAug/x.png`` or its Cityscapes
    analogue (the original USRN code), without the first ``/`` or without the
    mask, but not without both. Empty lines are skipped.

    Args:
        path: A text file.
        with_suffix: Whether to keep the suffixes of names that have one.

    Returns:
        Stems in the order of the file.

    Raises:
        ValueError: If the file is missing, empty or no UTF-8 text, a line
            has neither form, or an image is listed twice.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(
            f'{path} is not a file; `python tools/make_splits.py --help` '
            'says how to make split lists'
        )
    try:  # Windows puts a byte order mark first
        text = path.read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(
            f'{path} is no UTF-8 text ({error}); save it as UTF-8'
        ) from None
    stems = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            name = _parse_line(line.strip(), f'{path}, line {number}')
            stem = strip_suffix(name, IMAGE_SUFFIXES)
            stems.append(name if with_suffix or stem is None else stem)
    if not stems:
        raise ValueError(f'{path} lists no image; write one stem a line')
    _check_unique(stems, path)
    return stems


def _parse_line(line: str, where: str) -> str:
    """Returns the image that a line names; ``where`` is for the error."""
    columns = line.split()
    original = ORIGINAL_IMAGE.match(columns[0])
    # A relative path alone is below the image folder, whatever its name.
    if original and (line.startswith('/') or len(columns) > 1):
        return original['voc'] or original['city']
    if line.startswith('/'):
        raise ValueError(
            f'{where}: cannot tell the image from {line!r}; write its path '
            'below the image folder without suffix, or '
            '/JPEGImages/NAME.jpg, or '
            '/leftImg8bit/train/CITY/NAME_leftImg8bit.png'
        )
    return line


def _check_unique(stems: Sequence[str], path: Path) -> None:
    twice = [stem for stem, times in Counter(stems).items() if times > 1]
    if twice:
        raise ValueError(
            f'{path} lists {name_some(twice)} more than once; remove the '
            'repeated lines'
        )


def parse_fraction(text: str) -> Fraction:
    """Reads ``1/8`` or ``0.125``.

    Raises:
        ValueError: If it is not a number between 0 and 1.
    """
    try:
        fraction = Fraction(text)
    except (ValueError, ZeroDivisionError):
        fraction = Fraction(0)
    if not 0 < fraction < 1:
        raise ValueError(
            f'{text!r} is not a fraction between 0 and 1, such as 1/8 or 0.125'
        )
    return fraction


def check_disjoint(
    labeled: Iterable[str],
    unlabeled: Iterable[str],
    names: tuple[str, str] = ('the labeled list', 'the unlabeled list'),
) -> None:
    """Checks that no image is both labeled and unlabeled.

    Args:
        labeled: Stems of the labeled images.
        unlabeled: Stems of the unlabeled images.
        names: What the error calls the two lists, best their files.

    Raises:
        ValueError: If an image stands in both lists.
    """
    both = sorted(set(labeled) & set(unlabeled))
    if both:
        raise ValueError(
            f'{len(both)} images stand in both {names[0]} and {names[1]}: '
            f'{name_some(both)}; remove them from one of the lists'
        )


def read_classes(
    stems: Sequence[str],
    mask_dir: str | Path,
    mask_suffix: str = '.png',
    num_classes: int | None = None,
) -> dict[str, frozenset[int]]:
    """Reads which classes each image has.

    Args:
        stems: Images whose masks are read.
        mask_dir: Folder of single-channel masks; pixel value = class, 255
            for none.
        mask_suffix: The mask of a stem is ``mask_dir/stem + mask_suffix``.
        num_classes: K; every class 0..K-1 must occur in some image. Default:
            the classes that occur are all there are.

    Returns:
        Classes of each stem.

    Raises:
        ValueError: If a mask is missing or has colours instead of classes, a
            value is not below K, or a class occurs in no image.
    """
    masks = [Path(mask_dir, stem + mask_suffix) for stem in stems]
    with ThreadPoolExecutor() as pool:
        values = list(pool.map(_read_values, masks))
    classes = [found - {255} for found in values]
    if num_classes is not None:
        _check_classes(classes, masks, num_classes)
    return dict(zip(stems, classes, strict=True))


def _read_values(mask: Path) -> frozenset[int]:
    """Returns the pixel values that occur in a mask."""
    if not mask.is_file():
        raise ValueError(
            f'mask {mask} is missing; check the mask folder and suffix'
        )
    with Image.open(mask) as image:
        if image.mode not in ('L', 'P'):
            raise ValueError(
                f'mask {mask} has mode {image.mode}, not 8 bits in one '
                'channel; convert it to class indices'
            )
        counts = image.histogram()
    return frozenset(value for value, count in enumerate(counts) if count)


def _check_classes(
    classes: Sequence[frozenset[int]], masks: Sequence[Path], num_classes: int
) -> None:
    for found, mask in zip(classes, masks, strict=True):
        if found and max(found) >= num_classes:
            raise ValueError(
                f'mask {mask} has value {max(found)}, but the classes are '
                f'0..{num_classes - 1} (255: no class); change the mask or '
                'the number of classes'
            )
    absent = sorted(set(range(num_classes)).difference(*classes))
    if absent:
        raise ValueError(
            f'none of the {len(masks)} images has class {name_some(absent)}; '
            'add images that have it or lower the number of classes'
        )


def draw_labeled(
    stems: Sequence[str],
    count: int,
    seed: int,
    classes: Mapping[str, frozenset[int]] | None = None,
) -> list[str]:
    """Draws the labeled images.

    The images are put in an order that depends on the seed alone, and the
    first ``count`` are labeled. So a smaller draw with the same seed lies
    inside a larger one. The order is a random one, except that with
    ``classes`` the images of a random cover come first: one image for each
    class that the cover does not have yet, rarest class first, drawn among
    the images that have the class.

    Args:
        stems: All training images.
        count: Number of labeled images, 1 to ``len(stems) - 1``.
        seed: Seed of the draw.
        classes: Classes of each stem, from :func:`read_classes`. Without
            them, a class may be missing in the labeled part.

    Returns:
        Labeled stems in the order of ``stems``.

    Raises:
        ValueError: If ``count`` is out of range or too small for the cover.
    """
    if not 1 <= count < len(stems):
        raise ValueError(
            f'{count} labeled images were asked, but there are {len(stems)} '
            f'training images; ask for 1 to {len(stems) - 1}'
        )
    order = sorted(stems)
    random.Random(seed).shuffle(order)
    cover = _draw_cover(order, classes) if classes else []
    if count < len(cover):
        raise ValueError(
            f'{count} labeled images were asked, but with seed {seed} it '
            f'takes {len(cover)} images to have every class; ask for more '
            'images or take another seed'
        )
    first = set(cover)
    order = cover + [stem for stem in order if stem not in first]
    chosen = set(order[:count])
    return [stem for stem in stems if stem in chosen]


def _draw_cover(
    order: Sequence[str], classes: Mapping[str, frozenset[int]]
) -> list[str]:
    """Returns images that have all classes, taking the first of ``order``."""
    frequency = Counter(c for stem in order for c in classes[stem])
    cover: list[str] = []
    covered: set[int] = set()
    for rare in sorted(frequency, key=lambda c: (frequency[c], c)):
        if rare not in covered:
            stem = next(stem for stem in order if rare in classes[stem])
            cover.append(stem)
            covered |= classes[stem]
    return cover


def subtract(stems: Sequence[str], labeled: Sequence[str]) -> list[str]:
    """Returns the training images that are not labeled.

    Args:
        stems: All training images.
        labeled: Labeled images, all of them among ``stems``.

    Raises:
        ValueError: If a labeled image is not a training image, or nothing
            would be left.
    """
    strangers = sorted(set(labeled) - set(stems))
    if strangers:
        raise ValueError(
            f'{len(strangers)} labeled images are not in the training list: '
            f'{name_some(strangers)}; give the list that they come from'
        )
    taken = set(labeled)
    unlabeled = [stem for stem in stems if stem not in taken]
    if not unlabeled:
        raise ValueError('every training image is labeled; none is left')
    return unlabeled


def write_split(path: str | Path, stems: Sequence[str]) -> None:
    """Writes stems, one a line, as MMSegmentation's ``ann_file`` wants."""
    text = ''.join(f'{stem}\n' for stem in stems)
    Path(path).write_text(text, encoding='utf-8')
