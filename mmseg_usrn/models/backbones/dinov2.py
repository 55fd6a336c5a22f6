"""DINOv2's vision transformer, with the outputs that DPT's head reads."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from mmseg.registry import MODELS
from torch import Tensor, nn

Base: Any = nn.Module
with suppress(ImportError):  # no other part of the package needs it
    from mmpretrain.models.backbones import VisionTransformer as Base


@MODELS.register_module()
class DINOv2(Base):
    """MMPretrain's ``VisionTransformer`` as an encoder of dense prediction.

    Oquab et al., "DINOv2: Learning Robust Visual Features without
    Supervision", TMLR 2024. Two things are added to the stock backbone: the
    final norm is applied to every output, not to the last alone, as the
    original does for intermediate layers; and an output is the pair of patch
    map and class token that MMSeg's ``DPTHead`` reads. Names of weights and
    ``init_cfg`` are the stock backbone's.

    Args:
        arch: Size, as in MMPretrain: ``'dinov2-small'``, ``'base'`` or
            ``'large'``.
        img_size: Side of the images that the position embedding is made for.
            Other sizes interpolate it.
        patch_size: Side of a patch.
        out_indices: Blocks that put out features; by default the last one
            of each quarter.
        layer_scale_init_value: Initial scale of the residual branches.
        **kwargs: As in MMPretrain's ``VisionTransformer``.

    Raises:
        ValueError: If MMPretrain is not installed.
    """

    def __init__(
        self,
        arch: str | dict = 'dinov2-small',
        img_size: int | tuple[int, int] = 518,
        patch_size: int = 14,
        out_indices: Sequence[int] | None = None,
        layer_scale_init_value: float = 1e-5,
        **kwargs,
    ) -> None:
        if Base is nn.Module:
            raise ValueError(
                'DINOv2 needs MMPretrain: install onedl-mmpretrain'
            )
        if out_indices is None:
            known = arch if isinstance(arch, dict) else self.arch_zoo[arch]
            depth = known['num_layers']
            out_indices = [depth * part // 4 - 1 for part in (1, 2, 3, 4)]
        super().__init__(
            arch=arch,
            img_size=img_size,
            patch_size=patch_size,
            out_indices=out_indices,
            layer_scale_init_value=layer_scale_init_value,
            final_norm=True,
            out_type='featmap',
            **kwargs,
        )
        self.final_norm = False  # not before the output, but in it

    def _format_output(
        self, x: Tensor, hw: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Patch map (N, C, h, w) and class token (N, C) of a block.

        Args:
            x: (N, 1 + h * w, C) tokens.
            hw: Rows and columns of patches.
        """
        x = self.ln1(x)
        return super()._format_output(x, hw), x[:, 0]
