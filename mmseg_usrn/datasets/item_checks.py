"""Checks of the items that a pipeline makes."""

from typing import Any

import torch

GEOMETRY = ('img_shape', 'flip', 'flip_direction', 'scale_factor')
"""What the views of an image must have in common."""


def check_views(samples: dict[str, Any]) -> None:
    """Refuse views of an unlabeled image that do not match.

    Args:
        samples: Samples of an item, by branch.

    Raises:
        ValueError: If one of them was moved.
    """
    views = {
        name: one[0] if isinstance(one, list) else one
        for name, one in samples.items()
        if name.startswith('unsup_')
    }
    weak = views.get('unsup_weak')
    for name, view in views.items():
        for key in GEOMETRY:
            own, other = view.get(key), weak.get(key) if weak else None
            if weak is not None and own != other:
                raise ValueError(
                    f'{key} of {name} is {own}, that of unsup_weak {other}: '
                    'transforms that move pixels stand in front of MultiBranch'
                )


def check_repeats(dataset: Any, what: str) -> None:
    """Refuse a pipeline that loads an image in another way each time.

    Args:
        dataset: A dataset.
        what: What happens to its images.

    Raises:
        ValueError: If it does.
    """
    first, second = (dataset[0]['inputs'] for _ in range(2))
    if not torch.equal(first, second):
        raise ValueError(
            f'the pipeline of images that are {what} draws at random: loaded '
            'twice, one image is not the same'
        )
