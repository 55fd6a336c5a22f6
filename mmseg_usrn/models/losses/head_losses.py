"""Losses of stock decode heads.

Letters: ``N`` images, ``C`` outputs, ``h, w`` size of the logits, ``H, W``
size of the labels.
"""

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.losses import CrossEntropyLoss
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from .upsampled_cross_entropy import upsampled_cross_entropy
from .valid_pixel_cross_entropy_loss import ValidPixelCrossEntropyLoss


def full_precision(logits):
    """Logits in float32 if they are in half precision.

    Losses and entropies take logarithms, which half precision cannot.
    """
    if isinstance(logits, Tensor):
        half = logits.dtype in (torch.float16, torch.bfloat16)
        return logits.float() if half else logits
    return type(logits)(full_precision(part) for part in logits)


def head_losses(
    head: BaseDecodeHead,
    feats,
    data_samples: list[SegDataSample],
    train_cfg: dict | None = None,
) -> dict[str, Tensor]:
    """What the head's own losses are, under their names.

    Plain cross-entropy is computed without up-sampled logits.

    Args:
        head: A stock decode head, or one derived from it.
        feats: Features of the backbone.
        data_samples: N samples with ``gt_sem_seg``.
        train_cfg: ``train_cfg`` of the model, for a ``loss`` of the head's
            own.
    """
    if type(head).loss is not BaseDecodeHead.loss:
        return head.loss(feats, data_samples, train_cfg)
    logits = full_precision(head(feats))
    if not has_plain_loss(head):
        return head.loss_by_feat(logits, data_samples)
    labels = torch.cat([s.gt_sem_seg.data for s in data_samples])
    return plain_losses(head, logits, labels)


def has_plain_loss(head: nn.Module) -> bool:
    """Whether the head learns with nothing but softmax cross-entropy."""
    loss = head.loss_decode
    own = type(head)
    plain = type(loss) is ValidPixelCrossEntropyLoss or (
        type(loss) is CrossEntropyLoss
        and not loss.use_sigmoid
        and not loss.use_mask
        and loss.class_weight is None
        and loss.reduction == 'mean'
    )
    return (
        plain
        and own.loss is BaseDecodeHead.loss
        and own.loss_by_feat is BaseDecodeHead.loss_by_feat
        and head.sampler is None
    )


def plain_losses(
    head: BaseDecodeHead, logits: Tensor, labels: Tensor
) -> dict[str, Tensor]:
    """Cross-entropy, averaged as the head's loss averages, and accuracy.

    Args:
        head: A head for which :func:`has_plain_loss` holds.
        logits: (N, C, h, w) float32 or float64.
        labels: (N, H, W) int64 in ``[0, C)`` or the head's ignored label.
    """
    loss = head.loss_decode
    total, correct = upsampled_cross_entropy(
        logits, labels, head.ignore_index, head.align_corners
    )
    valid = (labels != head.ignore_index).sum().to(total.dtype)
    if isinstance(loss, CrossEntropyLoss):
        count = valid if loss.avg_non_ignore else labels.numel()
        mean = total / (count + torch.finfo(torch.float32).eps)
    else:
        mean = total / valid.clamp(min=1)
    return {
        loss.loss_name: loss.loss_weight * mean,
        'acc_seg': 100 * correct / valid.clamp(min=1),
    }
