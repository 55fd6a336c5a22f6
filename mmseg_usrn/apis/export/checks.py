"""Comparison of an exported network with PyTorch, before it is handed on.

Letters: ``N`` images, ``K`` classes, ``C`` channels, ``H, W`` pixels.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from .network import ExportedNetwork

TOLERANCE = 1e-3
"""Largest difference of the logits, as a share of the largest one."""
RECORDED = (32, 64)
"""What is added to height and width where any size is to be taken.

A network that is recorded with the size of its position embeddings takes no
other one.
"""
COMPARED = ((0, 0), (45, 83), (96, 32))
"""What is added for the sizes that are compared.

The second is odd, as sizes of files are; some networks take no such size.
"""

Run = Callable[[np.ndarray], np.ndarray]
"""From images (N, C, H, W) float32 to the output of the network."""
Load = Callable[[], Run]


@dataclass(frozen=True)
class Dynamic:
    """What may differ from the images that the network was traced with.

    Attributes:
        batch: The number of images.
        size: Their height and width.
        multiple: What height and width are multiples of.
    """

    batch: bool = True
    size: bool = True
    multiple: int = 1


STEPS = (
    Dynamic(),
    Dynamic(multiple=32),
    Dynamic(size=False),
    Dynamic(batch=False, size=False),
)
"""Tried in this order."""


@dataclass(frozen=True)
class Outcome:
    """How a network was exported.

    Attributes:
        dynamic: What is not fixed.
        difference: Largest difference of the logits to PyTorch's, as a share
            of the largest logit.
        shapes: Shapes of the images that were compared.
        reason: Why more is fixed than was asked for.
    """

    dynamic: Dynamic
    difference: float
    shapes: tuple[tuple[int, ...], ...]
    reason: str = ''


def export_checked(
    network: ExportedNetwork, trace: Callable[[Dynamic], None], load: Load
) -> Outcome:
    """Export a network as freely as it stays right.

    Args:
        network: What is exported.
        trace: Writes the network.
        load: Reads what was written.

    Raises:
        ValueError: If not even an export of fixed size is right.
    """
    reason = ''
    for dynamic in STEPS:
        if dynamic.size and not network.options.any_size:
            continue
        try:
            if dynamic.multiple == 1:  # else it is written already
                trace(dynamic)
            outcome = compare(load(), network, dynamic)
        except Exception as error:  # of whatever the exporter lacks
            reason = reason or f'{type(error).__name__}: {_first_line(error)}'
            continue
        if outcome.difference <= TOLERANCE:
            return Outcome(dynamic, outcome.difference, outcome.shapes, reason)
        reason = reason or (
            f'the output differs by {outcome.difference:.1g} of the largest '
            'logit'
        )
    run = partial(_run_pytorch, network)
    if compare(run, network, STEPS[-1]).difference > TOLERANCE:
        reason = 'it draws random numbers, so no two predictions are equal'
    raise ValueError(f'the model cannot be exported: {reason}')


@torch.no_grad()
def _run_pytorch(network: ExportedNetwork, image: np.ndarray) -> np.ndarray:
    return network(torch.from_numpy(image)).numpy()


def recorded_images(network: ExportedNetwork, dynamic: Dynamic) -> Tensor:
    """Images to record the network with; two where any number may come."""
    height, width = network.size
    if dynamic.size:
        height, width = height + RECORDED[0], width + RECORDED[1]
    return torch.randn(1 + dynamic.batch, network.channels, height, width)


def compare(run: Run, network: ExportedNetwork, dynamic: Dynamic) -> Outcome:
    """Run random images of several shapes through both.

    Args:
        run: The exported network.
        network: The same in PyTorch.
        dynamic: Which shapes the exported network takes.
    """
    generator = torch.Generator().manual_seed(0)
    worst, shapes = 0.0, []
    for shape in _shapes(network, dynamic):
        image = torch.randn(shape, generator=generator)
        if network.options.preprocessing:
            image = (image.sigmoid() * 255).round()
        try:
            with torch.no_grad():
                logits = network.logits(image)
        except (RuntimeError, AssertionError):
            if dynamic.size and shape[2] % 2:
                continue  # PyTorch does not take odd sizes, either
            raise
        found = torch.from_numpy(run(image.numpy()))
        worst = max(worst, _difference(found, logits))
        shapes.append(shape)
    return Outcome(dynamic, worst, tuple(shapes))


def _shapes(
    network: ExportedNetwork, dynamic: Dynamic
) -> Iterator[tuple[int, int, int, int]]:
    height, width = network.size
    more = COMPARED if dynamic.size else ((0, 0),) * (1 + dynamic.batch)
    for number, (rows, columns) in enumerate(more, 1):
        batch = number if dynamic.batch else 1
        sides = [height + rows, width + columns]
        if dynamic.size:
            sides = [side - side % dynamic.multiple for side in sides]
        yield batch, network.channels, sides[0], sides[1]


def _difference(found: Tensor, logits: Tensor) -> float:
    """Largest difference as a share of the largest logit.

    For class indices (N, H, W): by how much the class that was found is less
    likely than the likeliest. Infinite where a value is no number.
    """
    if found.ndim == 3:
        of_found = logits.gather(1, found.long()[:, None])[:, 0]
        difference = logits.amax(1) - of_found
    elif found.shape != logits.shape:
        raise ValueError(
            f'the output is {tuple(found.shape)} instead of '
            f'{tuple(logits.shape)}'
        )
    else:
        difference = found - logits
    share = float(difference.abs().max() / logits.abs().max())
    # Else `max` would drop it: no comparison with NaN holds.
    return share if math.isfinite(share) else math.inf


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip()[:200] if lines else ''
