"""How the names of images and masks belong together."""

import os.path as osp
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# Where a name may be cut: between digits, letters and other characters.
TOKEN = re.compile(r'\d+|[A-Z]?[a-z]+|[A-Z]+|.')
ROBOFLOW_HASH = re.compile(r'(?<=\.rf\.)[0-9A-Za-z]+')
NUM_VOTERS = 60  # Masks that vote on the templates; all are counted then.
NUM_COUNTED = 20
MAX_ALIKE = 4  # A text that more of them have is not what names a picture.
MASK_WORDS = {
    *('mask', 'masks', 'label', 'labels', 'gt', 'seg', 'segmentation', 'anno'),
    *('annotation', 'annotations', 'groundtruth', 'truth', 'lbl', 'target'),
    *('manual', 'labelid', 'labelids', 'trainids', 'matte', 'ann'),
}
IMAGE_WORDS = {'image', 'images', 'img', 'raw', 'rgb', 'photo', 'sat', 'input'}


@dataclass(frozen=True)
class Template:
    """What names have around the part that image and mask share.

    Attributes:
        image: Text before and after it in the names of images.
        mask: Text before and after it in the names of masks.
    """

    image: tuple[str, str] = ('', '')
    mask: tuple[str, str] = ('', '')

    @property
    def size(self) -> int:
        """Number of characters around the shared part."""
        return sum(map(len, self.image + self.mask))

    @property
    def hints(self) -> int:
        """How much the words say that the masks are the masks."""
        words = [
            set(_words(''.join(side))) for side in (self.mask, self.image)
        ]
        right = len(words[0] & MASK_WORDS) + len(words[1] & IMAGE_WORDS)
        return right - len(words[0] & IMAGE_WORDS) - len(words[1] & MASK_WORDS)

    def swapped(self) -> 'Template':
        """The same with image and mask changed."""
        return Template(self.mask, self.image)


def find_templates(
    images: Sequence[str], masks: Sequence[str]
) -> list[tuple[Template, int]]:
    """Find how names of masks are made from names of images.

    Args:
        images: Names of images, paths below their folder.
        masks: Names of masks; the same list if they share a folder.

    Returns:
        Templates and how many masks each one gives an image, the best first.
    """
    found = _find(images, masks)
    half = min(len(images), len(masks)) / 2
    if not found or found[0][1] < half:
        neutral = [ROBOFLOW_HASH.sub('*', name) for name in images]
        same = images is masks
        masks = [ROBOFLOW_HASH.sub('*', name) for name in masks]
        if neutral != list(images) or masks != list(images):
            found = _find(neutral, neutral if same else masks) or found
    return found


def _find(
    images: Sequence[str], masks: Sequence[str]
) -> list[tuple[Template, int]]:
    """Templates of names as they are."""
    shared_folder = images is masks
    if not shared_folder and not any('*' in name for name in images):
        direct = count_pairs(Template(), images, masks)
        if direct and direct in (len(set(masks)), len(set(images))):
            return [(Template(), direct)]
    by_core = _index(masks[:: max(len(masks) // NUM_VOTERS, 1)])
    votes = defaultdict(set)
    for image in images:
        for core, sides in _cuts(image):
            for mask, mask_sides in by_core.get(core, ()):
                if not shared_folder or sides != mask_sides:
                    votes[Template(sides, mask_sides)].add(mask)
    likely = sorted(votes, key=lambda t: (-len(votes[t]), t.size))
    counted = [
        (template, count_pairs(template, images, masks))
        for template in likely[:NUM_COUNTED]
    ]
    return sorted(counted, key=lambda c: (-c[1], -c[0].hints, c[0].size))


def _index(masks: Sequence[str]) -> dict[str, list]:
    """Cuts of masks by their shared part, where that tells masks apart."""
    by_core = defaultdict(list)
    for mask in masks:
        for core, sides in _cuts(mask):
            by_core[core].append((mask, sides))
    return {c: cuts for c, cuts in by_core.items() if len(cuts) <= MAX_ALIKE}


def count_pairs(
    template: Template, images: Iterable[str], masks: Iterable[str]
) -> int:
    """Count the masks that have an image under a template."""
    cores = {core_of(name, template.image) for name in images}
    return sum(
        core in cores and core is not None
        for core in {core_of(name, template.mask) for name in masks}
    )


def core_of(name: str, sides: tuple[str, str]) -> str | None:
    """The shared part of a name with its folder, None if it does not fit."""
    before, after = sides
    if '*' in before + after:  # Roboflow gives each copy a number.
        name = ROBOFLOW_HASH.sub('*', name)
    folder, last = osp.split(name)
    fits = last.startswith(before) and last.endswith(after)
    if not fits or len(last) <= len(before) + len(after):
        return None
    return osp.join(folder, last[len(before) : len(last) - len(after)])


def suffixes_of(
    sides: tuple[str, str], names: Iterable[str]
) -> list[str] | None:
    """The suffix settings that stand for one side of a template.

    Args:
        sides: Text before and after the shared part.
        names: Names that fit, with their file suffixes.

    Returns:
        Suffixes such as ``_mask.png`` or ``mask_{}.png``, the most frequent
        one first; None if the names have nothing around the shared part.
    """
    before, after = sides
    if not before and not after:
        return None
    ends = Counter(osp.splitext(name)[1] for name in names)
    start = f'{before}{{}}' if before or '*' in after else ''
    return [f'{start}{after}{end}' for end, _ in ends.most_common()]


def _cuts(name: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """All ways to cut a name: shared part, and what is around it."""
    folder, last = osp.split(name)
    places = [match.start() for match in TOKEN.finditer(last)] + [len(last)]
    for first, start in enumerate(places):
        for end in places[first + 1 :]:
            core = last[start:end]
            whole = core[0].isalnum() and core[-1].isalnum()
            if whole and '*' not in core and not core.endswith('.rf'):
                yield osp.join(folder, core), (last[:start], last[end:])


def _words(text: str) -> list[str]:
    return [word.lower() for word in re.findall(r'[A-Z]?[a-z]+|[A-Z]+', text)]
