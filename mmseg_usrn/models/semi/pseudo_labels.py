"""Pseudo labels of the weak view and the losses of the strong views.

Letters as in :mod:`.entropy_gate`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import Tensor

from .entropy_gate import entropy_gate


@dataclass
class PseudoLabels:
    """What the strong view learns from; every tensor is (N, h, w).

    Attributes:
        classes: int64 class labels.
        class_mask: bool, where the class label is confident.
        subclasses: int64 subclass labels.
        subclass_mask: bool, where the subclass label is confident.
        gate: bool, where the subclass branch restricted the class branch.
        parents: int64 classes of ``subclasses``, -1 for unused ones.
    """

    classes: Tensor
    class_mask: Tensor
    subclasses: Tensor
    subclass_mask: Tensor
    gate: Tensor
    parents: Tensor

    def statistics(self) -> dict[str, Tensor]:
        """Shares of pixels, padding included, for the log; in [0, 1].

        ``gate_ratio`` of the pixels were restricted by the subclass branch;
        ``class_keep_ratio`` and ``subclass_keep_ratio`` of them carry a
        label that is learned from.
        """
        shares = {
            'gate_ratio': self.gate,
            'class_keep_ratio': self.class_mask,
            'subclass_keep_ratio': self.subclass_mask,
        }
        return {
            f'unsup.{name}': mask.float().mean()
            for name, mask in shares.items()
        }


@torch.no_grad()
def make_pseudo_labels(
    class_logits: Tensor,
    subclass_logits: Tensor,
    subclass_to_class: Tensor,
    threshold: float,
    gate_rule: str = 'entropy',
    area: Tensor | None = None,
) -> PseudoLabels:
    """Confident labels of both branches, the class labels gated.

    Args:
        class_logits: (N, K, h, w) of the weak view.
        subclass_logits: (N, S, h, w) of the weak view.
        subclass_to_class: (S,) int64 parents, -1 for unused subclasses.
        threshold: A label counts where its probability is above this value.
        gate_rule: One of :data:`.entropy_gate.GATE_RULES`.
        area: (N, h, w) bool, where labels may count; None for everywhere.

    Returns:
        The pseudo labels, without a graph.
    """
    class_prob = class_logits.softmax(dim=1)
    subclass_prob = subclass_logits.softmax(dim=1)
    restricted, gate, parents = entropy_gate(
        class_prob, subclass_prob, subclass_to_class, gate_rule
    )
    classes, class_mask = confident_labels(restricted, threshold, area)
    subclasses, subclass_mask = confident_labels(
        subclass_prob, threshold, area
    )
    return PseudoLabels(
        classes=classes,
        class_mask=class_mask,
        subclasses=subclasses,
        subclass_mask=subclass_mask,
        gate=gate,
        parents=parents,
    )


def confident_labels(
    prob: Tensor, threshold: float, area: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Likeliest label of every pixel, and whether it counts.

    Args:
        prob: (N, C, h, w) probabilities; they need not sum to 1.
        threshold: A label counts where its probability is above this value.
        area: (N, h, w) bool, where labels may count; None for everywhere.

    Returns:
        Labels (N, h, w) int64 and the mask (N, h, w) bool.
    """
    confidence, labels = prob.max(dim=1)
    mask = confidence > threshold
    return labels, mask if area is None else mask & area


@torch.compiler.disable  # sizes that change from batch to batch
def image_area(
    data_samples: Sequence[SegDataSample], maps: Tensor
) -> Tensor | None:
    """Where maps of a padded batch show the images.

    The padding is one flat colour in every view, so its labels would be sure
    and learned at once, and count as labels of a class.

    Args:
        data_samples: N samples of the batch; the preprocessor leaves the
            entries ``img_shape`` and ``padding_size`` in padded ones.
        maps: (N, C, h, w) made of the batch.

    Returns:
        (N, h, w) bool, true where the middle of a pixel is in the image; None
        if nothing is padded.
    """
    if not any(any(s.get('padding_size', ())) for s in data_samples):
        return None
    size, images = maps.shape[2:], []
    for sample in data_samples:
        image = torch.ones(1, 1, *sample.img_shape[:2], device=maps.device)
        padded = F.pad(image, sample.padding_size)
        images.append(F.interpolate(padded, size, mode='nearest-exact'))
    return torch.cat(images)[:, 0].bool()


def masked_cross_entropy(
    logits: Tensor, labels: Tensor, mask: Tensor
) -> Tensor:
    """Cross-entropy where the mask is set, averaged over *all* pixels.

    Few confident pixels thus make a small loss, and none a loss of 0.

    Args:
        logits: (N, C, h, w) of the strong view.
        labels: (N, h, w) int64 in ``[0, C)``.
        mask: (N, h, w) bool.

    Returns:
        Scalar.
    """
    per_pixel = F.cross_entropy(logits, labels, reduction='none')
    return (per_pixel * mask).mean()


def strong_views(inputs: dict[str, Tensor]) -> list[Tensor]:
    """Images of all strong views, each (N, 3, H, W).

    Args:
        inputs: Images of all branches; those of the strong views have names
            that begin with ``unsup_strong``.
    """
    return [
        images
        for name, images in inputs.items()
        if name.startswith('unsup_strong')
    ]


def mean_losses(losses: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Mean over the views, by name.

    Args:
        losses: Losses of every view, under the same names.
    """
    return {
        name: sum(view[name] for view in losses) / len(losses)
        for name in losses[0]
    }
