"""Cross-entropy of up-sampled logits without the up-sampled logits.

Letters: ``N`` images, ``C`` outputs, ``h, w`` size of the logits, ``H, W``
size of the labels or of a tile of them.

A head's logits are small, its labels are not: 1,200 outputs for 4 crops of
512x512 are 0.3 GB at stride 4 and 5 GB up-sampled, of which the plain formula
keeps several copies. Bilinear up-sampling is linear and separable,
``rows @ logits @ columns.T`` with two banded matrices, so a tile of the large
map needs a small patch of the logits only. Loss and gradient are computed
tile by tile; what is kept is the gradient at the size of the logits.
"""

import math
from collections.abc import Iterator
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

CPU_TILE_SIDE = 48
"""Side of a tile in pixels: on a CPU a tile shall fit into the cache."""
GPU_TILE_SIZE = 2**25
"""Numbers in a tile elsewhere: few, large steps keep a GPU busy."""


def upsampled_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    ignore_index: int,
    align_corners: bool = False,
) -> tuple[Tensor, Tensor]:
    """Sum of the cross-entropy over the pixels that are not ignored.

    The same as ``F.interpolate(logits, (H, W), mode='bilinear')`` and
    ``F.cross_entropy(..., reduction='sum')``, up to rounding, value and
    gradient; there is no second derivative.

    Args:
        logits: (N, C, h, w) float32 or float64.
        labels: (N, H, W) int64 in ``[0, C)`` or ``ignore_index``.
        ignore_index: Label of the pixels that are left out.
        align_corners: As in ``F.interpolate``.

    Returns:
        The sum, a scalar, and the number of pixels whose largest logit is
        their label's, a scalar without a gradient.
    """
    return _UpsampledCrossEntropy.apply(
        logits, labels, ignore_index, align_corners
    )


class _UpsampledCrossEntropy(torch.autograd.Function):
    """The gradient is computed beside the value: both need the softmax."""

    @staticmethod
    @torch.compiler.disable
    def forward(ctx, logits, labels, ignore_index, align_corners):
        valid = labels != ignore_index
        labels = labels.masked_fill(~valid, 0)
        valid = valid.to(logits.dtype)
        parts = []
        grad = torch.zeros_like(logits) if ctx.needs_input_grad[0] else None
        with torch.autocast(logits.device.type, enabled=False):
            for pixels, patch, rows, columns in _tiles(
                logits, labels.shape[1:], align_corners
            ):
                tile = rows @ (logits[patch] @ columns.T)
                parts.append(
                    _softmax_minus_label(tile, labels[pixels], valid[pixels])
                )
                if grad is not None:
                    grad[patch] += (rows.T @ tile) @ columns
        loss, correct = torch.stack(parts).sum(dim=0).unbind()
        ctx.save_for_backward(grad)
        ctx.mark_non_differentiable(correct)
        return loss, correct

    @staticmethod
    def backward(ctx, grad_loss, _):
        (grad,) = ctx.saved_tensors
        return grad * grad_loss, None, None, None


def _softmax_minus_label(
    logits: Tensor, labels: Tensor, valid: Tensor
) -> Tensor:
    """Turn the logits of a tile into the gradient of its loss, in place.

    Args:
        logits: (N, C, H, W).
        labels: (N, H, W) int64 in ``[0, C)``.
        valid: (N, H, W), 0 where a pixel is left out, else 1.

    Returns:
        (2,) sum of the cross-entropy and number of correct pixels.
    """
    labels = labels.unsqueeze(1)
    largest = logits.amax(dim=1, keepdim=True)
    of_label = logits.gather(1, labels)
    total = logits.sub_(largest).exp_().sum(dim=1, keepdim=True)
    valid = valid.unsqueeze(1)
    loss = (total.log() + largest - of_label) * valid
    logits.mul_(valid / total)
    logits.scatter_(1, labels, logits.gather(1, labels) - valid)
    correct = (of_label == largest) * valid
    return torch.stack([loss.sum(), correct.sum()])


def _tiles(
    logits: Tensor, size: tuple[int, int], align_corners: bool
) -> Iterator[tuple[tuple, tuple, Tensor, Tensor]]:
    """Tiles of the up-sampled map and how to compute them.

    Yields:
        Index of the tile in (N, H, W), index of the patch it needs in
        (N, C, h, w), and the weights of the patch's rows and columns.
    """
    side = _tile_side(logits)
    row_bands, column_bands = (
        _bands(small, large, align_corners, side, logits.dtype, logits.device)
        for small, large in zip(logits.shape[2:], size, strict=True)
    )
    every = slice(None)
    for rows, patch_rows, row_weights in row_bands:
        for columns, patch_columns, column_weights in column_bands:
            yield (
                (every, rows, columns),
                (every, every, patch_rows, patch_columns),
                row_weights,
                column_weights,
            )


def _tile_side(logits: Tensor) -> int:
    if logits.device.type == 'cpu':
        return CPU_TILE_SIDE
    per_pixel = logits.shape[0] * logits.shape[1]
    return max(32, math.isqrt(GPU_TILE_SIZE // per_pixel))


@lru_cache(maxsize=32)  # the crops of a training have one size
def _bands(
    small: int,
    large: int,
    align_corners: bool,
    side: int,
    dtype: torch.dtype,
    device: torch.device,
) -> list[tuple[slice, slice, Tensor]]:
    """The matrix (large, small) of linear up-sampling, in bands of rows.

    Returns:
        Rows of a band, columns that have weights there, and the weights.
    """
    # On the CPU: where the weights are, a GPU would have to be waited for.
    identity = torch.eye(small, dtype=dtype)
    matrix = F.interpolate(
        identity[None], large, mode='linear', align_corners=align_corners
    )[0].T
    weights = matrix.to(device, non_blocking=True)
    bands = []
    for start in range(0, large, side):
        rows = slice(start, min(start + side, large))
        used = matrix[rows].any(dim=0).nonzero()
        columns = slice(int(used[0]), int(used[-1]) + 1)
        bands.append((rows, columns, weights[rows, columns].contiguous()))
    return bands
