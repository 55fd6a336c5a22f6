"""The network of a segmentor as a function of images.

Letters: ``N`` images, ``K`` classes, ``C`` channels, ``H, W`` pixels.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

import torch
import torch.nn.functional as F
from mmseg.models.backbones.swin import ShiftWindowMSA
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import Upsample, resize
from torch import Tensor, nn

from ..class_branch import image_channels


@dataclass(frozen=True)
class ExportOptions:
    """What an exported network takes and gives.

    Attributes:
        size: Height and width that are surely right; the only ones where the
            network cannot be exported for any size. Defaults to the size of
            the crops that the model was trained on.
        preprocessing: Whether it takes images as they are loaded (BGR, 0 to
            255), and normalises and pads them itself.
        argmax: Whether it gives class indices instead of logits.
        any_size: Whether to try for any height and width first.
    """

    size: tuple[int, int] | None = None
    preprocessing: bool = False
    argmax: bool = False
    any_size: bool = True


class ExportedNetwork(nn.Module):
    """What MMSeg's inference does to a batch, without its bookkeeping.

    Args:
        model: A stock segmentor in evaluation mode.
        options: What to take and give.

    Raises:
        ValueError: If the options do not fit the model.
    """

    def __init__(self, model: EncoderDecoder, options: ExportOptions) -> None:
        super().__init__()
        self.model = model
        self.options = options
        self.size = options.size or model.data_preprocessor.size or (512, 512)
        self.channels = image_channels(model) or 3
        self.divisor = 1
        if options.argmax and model.out_channels == 1:
            raise ValueError(
                'the model has one output for two classes, so there is no '
                'likeliest class: leave argmax out and take the threshold '
                f'{model.decode_head.threshold} after a sigmoid'
            )
        if options.preprocessing:
            test_cfg = model.data_preprocessor.test_cfg or {}
            if test_cfg.get('size'):
                raise ValueError(
                    'data_preprocessor.test_cfg pads to a size: preprocessing '
                    'can be exported with size_divisor alone'
                )
            self.divisor = test_cfg.get('size_divisor') or 1
        self.eval()

    def forward(self, image: Tensor) -> Tensor:
        """Segment images.

        Args:
            image: (N, C, H, W) float32, normalised unless the network does
                it.

        Returns:
            Logits (N, K, H, W) float32 or class indices (N, H, W) int64.
        """
        logits = self.logits(image)
        return logits.argmax(1) if self.options.argmax else logits

    def logits(self, image: Tensor) -> Tensor:
        """The logits (N, K, H, W), whatever :meth:`forward` gives."""
        height, width = image.shape[2:]
        if self.options.preprocessing:
            image = self._preprocess(image)
        meta = dict(img_shape=image.shape[2:])
        feats = self.model.extract_feat(image)
        logits = self.model.decode_head.predict(feats, [meta], None)
        return logits[:, :, :height, :width] if self.divisor > 1 else logits

    def _preprocess(self, image: Tensor) -> Tensor:
        stock = self.model.data_preprocessor
        if stock._channel_conversion and image.shape[1] == 3:
            image = image.flip(1)
        if stock._enable_normalize:
            image = (image - stock.mean) / stock.std
        if self.divisor > 1:
            height, width = image.shape[2:]
            bottom, right = -height % self.divisor, -width % self.divisor
            image = F.pad(image, (0, right, 0, bottom), value=stock.pad_val)
        return image


@contextmanager
def any_size() -> Iterator[None]:
    """Within it, sizes are computed by operations that tracing records.

    PyTorch's adaptive pooling (heads of PSPNet, UPerNet, APCNet), its
    attention (SegFormer, Twins), MMSeg's windows (Swin) and its up-sampling
    layer (HRNet, UNet, FPN) turn sizes into Python's integers, which are then
    constants of the exported network: its output is silently wrong at another
    size.
    """

    def upsample(self: Upsample, x: Tensor) -> Tensor:
        return F.interpolate(
            x, self.size, self.scale_factor, self.mode, self.align_corners
        )

    def project(q: Tensor, k: Tensor, v: Tensor, w: Tensor, b=None) -> tuple:
        weights = w.chunk(3)
        biases = (None,) * 3 if b is None else b.chunk(3)
        return tuple(map(F.linear, (q, k, v), weights, biases))

    def join_windows(self: ShiftWindowMSA, x: Tensor, H: int, W: int):
        side = self.window_size
        x = x.view(-1, H // side, W // side, side, side, x.shape[-1])
        return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, H, W, x.shape[-1])

    # It is imported by name in many modules.
    code, resize.__code__ = resize.__code__, _resize.__code__
    try:
        with (
            patch.object(F, 'adaptive_avg_pool2d', adaptive_pool),
            patch.object(F, '_in_projection_packed', project),
            patch.object(Upsample, 'forward', upsample),
            patch.object(ShiftWindowMSA, 'window_reverse', join_windows),
        ):
            yield
    finally:
        resize.__code__ = code


def _resize(
    input,
    size=None,
    scale_factor=None,
    mode='nearest',
    align_corners=None,
    warning=True,
):
    """MMSeg's function without a warning for which sizes become integers."""
    return F.interpolate(input, size, scale_factor, mode, align_corners)


def adaptive_pool(x: Tensor, output_size: int | tuple) -> Tensor:
    """Adaptive average pooling, as products with matrices.

    Args:
        x: (N, C, H, W).
        output_size: Height and width of the result, or both in one; None
            keeps one.
    """
    if isinstance(output_size, int):
        output_size = (output_size, output_size)
    rows, columns = output_size
    if rows == columns == 1:
        return x.mean((2, 3), keepdim=True)
    if rows is not None:
        x = _pooling(x.shape[2], rows, x) @ x
    if columns is not None:
        x = x @ _pooling(x.shape[3], columns, x).T
    return x


def _pooling(length: int, bins: int, like: Tensor) -> Tensor:
    """Weights (bins, length) of the means that make up the bins.

    Bin ``i`` of ``b`` has the places from ``floor(i n / b)`` to
    ``ceil((i + 1) n / b)``, as in PyTorch.
    """
    place = torch.arange(length, device=like.device)[None]
    number = torch.arange(bins, device=like.device)[:, None]
    start = number * length // bins
    end = ((number + 1) * length + bins - 1) // bins
    inside = ((place >= start) & (place < end)).to(like.dtype)
    return inside / inside.sum(1, keepdim=True)
