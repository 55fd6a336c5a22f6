"""What newer recipes add, on top of USRN, to see whether it earns a place.

A training that imports this module (``custom_imports``) can name these
segmentors.
"""

from dataclasses import replace

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_usrn.models import USRN
from mmseg_usrn.models.semi import PseudoLabels


@MODELS.register_module()
class FeatureDropoutUSRN(USRN):
    """The weak view with half of the channels of its features dropped learns.

    Beside the strong view, as much as it. UniMatch (Yang et al., CVPR 2023),
    section 3.2.
    """

    def forward_strong(
        self, inputs: dict[str, Tensor]
    ) -> list[tuple[Tensor, Tensor]]:
        """As in :class:`USRN`, and the logits of the dropped features."""
        views = super().forward_strong(inputs)
        dropped = [
            tuple(F.dropout2d(feat, 0.5) for feat in feats)
            for feats in self.extract_dual_feat(inputs['unsup_weak'])
        ]
        logits = self.decode_head.forward_dual(*dropped, self.unsup_downsample)
        return [*views, logits]


@MODELS.register_module()
class LogitNoiseUSRN(USRN):
    """Class logits vary in training, the more the rarer the class.

    BLV (Wang et al., CVPR 2023), section 3.2: a class of ``p`` of the ``P``
    labeled pixels varies by ``|noise| * log(P / p)``, divided by the largest
    such logarithm; the noise is normal with a deviation of 6, cut at 1.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        pixels = torch.zeros(self.num_classes)
        self.register_buffer('class_pixels', pixels, persistent=False)
        classifier = self.decode_head.class_head.conv_seg
        classifier.register_forward_hook(self._vary)

    def loss_by_gt(
        self, inputs: Tensor, data_samples: list[SegDataSample]
    ) -> dict[str, Tensor]:
        """As in :class:`USRN`; counts the pixels of the classes."""
        for sample in data_samples:
            labels = sample.gt_sem_seg.data.flatten()
            labels = labels[labels != self.decode_head.ignore_index]
            self.class_pixels += labels.bincount(minlength=self.num_classes)
        return super().loss_by_gt(inputs, data_samples)

    def _vary(self, module: nn.Module, _, logits: Tensor) -> Tensor:
        if not module.training:
            return logits
        rarity = (self.class_pixels.sum() / self.class_pixels.clamp(1)).log()
        noise = (6 * torch.randn_like(logits)).abs().clamp(max=1)
        return logits + noise * (rarity / rarity.max()).view(-1, 1, 1)


def class_probability(
    model: USRN, subclass_logits: Tensor, classes: Tensor
) -> Tensor:
    """Probability that the subclass branch gives to a class, (N, h, w).

    Args:
        model: Knows the class of every subclass.
        subclass_logits: (N, S, h, w).
        classes: (N, h, w) the classes.
    """
    parents = model.subclass_table.subclass_to_class
    other = parents.view(1, -1, 1, 1) != classes.unsqueeze(1)
    return subclass_logits.softmax(dim=1).masked_fill(other, 0).sum(dim=1)


@MODELS.register_module()
class ConfidentGateUSRN(USRN):
    """The subclass branch's class counts only where it is sure of it itself.

    With ``gate='renormalize'`` it counts wherever that branch is the more
    certain one, however little.
    """

    gate_threshold = 0.5
    """The probabilities of the class's subclasses must sum to more."""

    def choose_labels(
        self, class_logits: Tensor, subclass_logits: Tensor
    ) -> PseudoLabels:
        """As in :class:`USRN`, with fewer labels by the gate."""
        pseudo = super().choose_labels(class_logits, subclass_logits)
        prob = class_probability(self, subclass_logits, pseudo.classes)
        sure = ~pseudo.gate | (prob > self.gate_threshold)
        return replace(pseudo, class_mask=pseudo.class_mask & sure)


@MODELS.register_module()
class MarginalUSRN(USRN):
    """The subclass branch, too, learns from most of the unlabeled pixels.

    Of 88 subclasses hardly one is likelier than the threshold. Where all
    those of its class together are, the branch learns that class, whichever
    subclass it is.
    """

    def choose_labels(
        self, class_logits: Tensor, subclass_logits: Tensor
    ) -> PseudoLabels:
        """As in :class:`USRN`, with more labels for the subclass branch."""
        pseudo = super().choose_labels(class_logits, subclass_logits)
        prob = class_probability(self, subclass_logits, pseudo.parents)
        return replace(pseudo, subclass_mask=prob > self.threshold)

    def loss_by_pseudo_labels(
        self, logits: tuple[Tensor, Tensor], pseudo: PseudoLabels
    ) -> dict[str, Tensor]:
        """As in :class:`USRN`, with another subclass loss."""
        losses = super().loss_by_pseudo_labels(logits, pseudo)
        prob = class_probability(self, logits[1], pseudo.parents)
        per_pixel = -prob.clamp_min(1e-12).log() * pseudo.subclass_mask
        weight = self.unsup_loss_weight * self.subclass_loss_weight
        losses['unsup_subclass.loss_ce'] = weight * per_pixel.mean()
        return losses
