"""Images that share a mask, though they are different pictures."""

from collections import defaultdict

from .loaders import StoredMask
from .overlap import is_same_picture
from .parts import Part
from .report import Finding, error, shown


def shared_mask_findings(part: Part) -> list[Finding]:
    """Masks that are taken for different pictures.

    It happens where several folders of images, in which names repeat, have
    one folder of masks.

    Args:
        part: A part with facts.

    Returns:
        The findings.
    """
    images = defaultdict(dict)  # facts by path, by name of the mask
    for source in part.sources:
        # Another loader may read more than this name from the dataset.
        if source.rules and isinstance(source.loaders.masks[-1], StoredMask):
            for path, facts in source.images.items():
                if path in source.masks and facts.thumbnail:
                    images[source.mask_name(path)][path] = facts
    shared = []
    for mask, named in images.items():
        (first, facts), *others = named.items()
        for path, other in others:
            if not is_same_picture(facts, other):
                shared.append(
                    f'{shown(mask)}\n  of {shown(first)}\n  and {shown(path)}'
                )
                break
    if not shared:
        return []
    return [
        error(
            part.name,
            'one mask is taken for different images',
            'give the images different names, or every folder of images one '
            'of masks (as many in seg_map_path as in img_path); if the mask '
            'does fit both, name a link to the folder of masks as the second',
            shared,
        )
    ]
