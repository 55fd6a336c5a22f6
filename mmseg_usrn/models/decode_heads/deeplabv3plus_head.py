"""DeepLabV3+ head with full convolutions, as the USRN paper trains it.

Shapes: ``N`` images, ``K`` classes, ``C`` channels, ``h, w`` a map.
"""

import torch
import torch.nn as nn
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads import ASPPHead
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class DeepLabV3PlusHead(ASPPHead):
    """The DeepLabV3+ head of the original USRN code.

    MMSeg's own DeepLabV3+ head, ``DepthwiseSeparableASPPHead``, differs in
    the following, so it cannot hold the original's weights:

    | part | MMSeg's head | this head |
    |---|---|---|
    | dilated branches | depthwise-separable 3x3 | full 3x3 |
    | after concatenation | 3x3 | 1x1, then dropout |
    | two decoder 3x3 | depthwise-separable | full, dropout between |
    | dropout of classifier | whole channels | single elements |
    | ``align_corners`` | False | True |
    | cross-entropy | mean over all pixels | mean over valid pixels |
    | initial weights | kaiming fan-out | kaiming fan-in everywhere |
    | of the classifier | N(0, 0.01) | kaiming fan-in, too |

    The pooled branch stays first in the concatenation, as in MMSeg; the
    original has it last (the checkpoint converter reorders the columns).

    Args:
        c1_in_channels: Channels of the low-level map, ``inputs[0]``.
        c1_channels: Channels that it is reduced to.
        decoder_dropout_ratio: Element-wise dropout after the ASPP
            and between the decoder's two convolutions.
        align_corners: As in :class:`BaseDecodeHead`.
        loss_decode: Defaults to
            :class:`ValidPixelCrossEntropyLoss`.
        init_cfg: Replaces the initial weights above.
        **kwargs: Of :class:`ASPPHead`.

    Raises:
        ValueError: If ``c1_in_channels`` is not positive.
    """

    def __init__(
        self,
        c1_in_channels: int,
        c1_channels: int = 48,
        decoder_dropout_ratio: float = 0.5,
        align_corners: bool = True,
        loss_decode: dict | None = None,
        init_cfg: dict | None = None,
        **kwargs,
    ) -> None:
        if c1_in_channels <= 0:
            raise ValueError(
                f'c1_in_channels={c1_in_channels}: the decoder needs a '
                'low-level map; use ASPPHead for a head without one'
            )
        super().__init__(
            align_corners=align_corners,
            loss_decode=loss_decode or dict(type='ValidPixelCrossEntropyLoss'),
            init_cfg=init_cfg,
            **kwargs,
        )
        pooled_and_dilated = (len(self.dilations) + 1) * self.channels
        self.bottleneck = self._conv(pooled_and_dilated, self.channels, 1)
        self.bottleneck_dropout = nn.Dropout(decoder_dropout_ratio)
        self.c1_bottleneck = self._conv(c1_in_channels, c1_channels, 1)
        self.decoder = nn.Sequential(
            self._conv(self.channels + c1_channels, self.channels, 3),
            nn.Dropout(decoder_dropout_ratio),
            self._conv(self.channels, self.channels, 3),
        )
        if self.dropout is not None:
            self.dropout = nn.Dropout(self.dropout_ratio)

    def _conv(self, channels_in: int, channels_out: int, kernel: int):
        """Convolution, norm and activation that keep the map's size."""
        return ConvModule(
            channels_in,
            channels_out,
            kernel,
            padding=kernel // 2,
            conv_cfg=self.conv_cfg,
            norm_cfg=self.norm_cfg,
            act_cfg=self.act_cfg,
        )

    def init_weights(self) -> None:
        """Draw every convolution from kaiming-normal, fan-in, once."""
        first_call = not self.is_init
        super().init_weights()
        if first_call and self.init_cfg is None:
            for module in self.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight)

    def _forward_feature(self, inputs: list[Tensor]) -> Tensor:
        """Compute the map that the classifier sees.

        Args:
            inputs (list[Tensor]): Backbone maps; ``inputs[0]`` is the
                low-level one, ``inputs[self.in_index]`` the high-level one.

        Returns:
            Tensor: (N, C, h, w) float, non-negative, at the size of the
            low-level map.
        """
        high = self.bottleneck_dropout(super()._forward_feature(inputs))
        low = self.c1_bottleneck(inputs[0])
        high = resize(
            high,
            size=low.shape[2:],
            mode='bilinear',
            align_corners=self.align_corners,
        )
        return self.decoder(torch.cat([high, low], dim=1))
