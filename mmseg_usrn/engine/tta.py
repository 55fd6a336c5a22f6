"""Pipelines of a test on augmented images."""

from copy import deepcopy
from itertools import takewhile
from typing import Any

from mmcv.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

from .config_checks.places import find


def augmented_steps(tta_pipeline: list, steps: list) -> list:
    """The augmentation, loading images and masks as the plain test does.

    Args:
        tta_pipeline: Configs of the steps that augment.
        steps: Configs of the steps of the test.

    Returns:
        ``tta_pipeline`` with the loaders of ``steps``, those of masks also
        inside ``TestTimeAug``.
    """
    images = list(takewhile(_loads_image, steps))
    own = list(takewhile(_loads_image, tta_pipeline))
    masks = [step for step in steps if _loads_masks(step)]
    # Without a loader of the test that is known as one, that of the
    # augmentation is used.
    found = [*(images or own), *tta_pipeline[len(own) :]]
    return _with_masks(deepcopy(found), masks[0]) if masks else found


def _with_masks(node: Any, loader: dict) -> Any:
    """The node with this loader for every one of masks."""
    if isinstance(node, list | tuple):
        return [_with_masks(one, loader) for one in node]
    if _loads_masks(node):
        return deepcopy(loader)
    if isinstance(node, dict) and 'transforms' in node:
        node['transforms'] = _with_masks(node['transforms'], loader)
    return node


def _loads_masks(step: Any) -> bool:
    kind = _kind(step)
    return isinstance(kind, type) and issubclass(kind, LoadAnnotations)


def _loads_image(step: Any) -> bool:
    name = getattr(_kind(step), '__name__', '')
    return name.startswith('Load') and not _loads_masks(step)


def _kind(step: Any) -> Any:
    return (
        find(TRANSFORMS, step.get('type')) if isinstance(step, dict) else None
    )
