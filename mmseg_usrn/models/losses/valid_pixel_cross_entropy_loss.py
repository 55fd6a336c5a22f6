"""Cross-entropy of the paper's supervised terms."""

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class ValidPixelCrossEntropyLoss(nn.Module):
    """Cross-entropy averaged over the pixels that are not ignored.

    MMSeg's ``CrossEntropyLoss`` with ``avg_non_ignore=True`` adds 1.2e-7 to
    the number of pixels, which is more than rounding in float64, and waits
    for the GPU to count them. A batch without valid pixels gives 0; the
    original gives NaN.

    Args:
        loss_weight: Factor of the loss.
        loss_name: Name in the log; begins with ``loss`` to be optimised.
    """

    def __init__(
        self, loss_weight: float = 1.0, loss_name: str = 'loss_ce'
    ) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(
        self,
        logits: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = 255,
    ) -> Tensor:
        """Compute the loss.

        Args:
            logits: (N, K, H, W) float.
            label: (N, H, W) int64 in ``[0, K)`` or ``ignore_index``.
            weight: (N, H, W) factors of the pixels, from a pixel sampler.
            ignore_index: Label of the pixels that are left out.

        Returns:
            Scalar.
        """
        loss = F.cross_entropy(
            logits, label, reduction='none', ignore_index=ignore_index
        )
        if weight is not None:
            loss = loss * weight
        valid = (label != ignore_index).sum().clamp(min=1)
        return self.loss_weight * loss.sum() / valid
