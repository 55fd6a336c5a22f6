"""Inner products of points and centres, the bulk of the arithmetic."""

import torch
import torch.nn.functional as F
from torch import Tensor


def less_products(rows: Tensor, centers: Tensor, offsets: Tensor) -> Tensor:
    """Offsets (K,) less twice the inner products, (M, K).

    On a CPU as a convolution of one pixel: oneDNN, which computes it, is on
    some processors faster than the library for products of matrices. The
    stride, along a side of length 1, leads there with one thread, too.
    """
    size, channels = rows.shape
    onednn = rows.device.type == 'cpu' and torch.backends.mkldnn.is_available()
    if not onednn or size == 0:
        return torch.addmm(offsets, rows, centers.T, alpha=-2)
    image = rows.reshape(1, 1, size, channels).permute(0, 3, 1, 2)
    kernels = (-2 * centers)[:, :, None, None]
    return F.conv2d(image, kernels, offsets, stride=(2, 1))[0, :, 0].T
