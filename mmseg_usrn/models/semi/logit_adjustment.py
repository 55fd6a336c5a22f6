"""Logit adjustment: a classifier that does not learn how frequent classes are.

Letters: ``N`` images, ``K`` classes, ``H, W`` pixels, ``h, w`` size of the
logits and of the pseudo labels.
"""

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn

LEAST_SHARE = 1e-4
"""Classes count as no rarer: a single labeled pixel tells little."""
KEPT_DECAY = 0.99
"""What is left of the count of kept labels, from one strong view to the next:
it follows the model."""
MOST_SHIFT = 2.0
"""A class of which no label is kept would otherwise be learned everywhere."""


class LogitAdjustment(nn.Module):
    r"""Class frequencies that are added to the logits in the loss.

    Menon et al., "Long-tail learning via logit adjustment", ICLR 2021, eq.
    10: the loss sees :math:`z_k + \tau \log \pi_k` of logits :math:`z` and
    the share :math:`\pi_k` of the labeled pixels that class ``k`` has. Where
    that fits the probabilities of the classes, the logits alone, by which the
    model predicts, fit what Bayes' rule makes of them for shares
    :math:`\propto \pi_k^{1 - \tau}`: at 0 the shares of the labeled pixels,
    at 1 equal ones.

    The shares are counted on the labels that the model has learned from, with
    the crops and resizes of the training.

    The pseudo labels that are kept are another sample, with shares
    :math:`\kappa_k`: frequent classes pass the threshold more often. As far as
    a label's class alone decides, class ``k`` is :math:`\kappa_k / \pi_k`
    times as probable among them, but for a common factor. So their loss sees
    :math:`z_k + \tau \log \pi_k + \log (\kappa_k / \pi_k)`, and :math:`z`
    means the same in both losses.

    Args:
        classifier: Last layer of the class head; only what it puts out in
            training, with a graph, is adjusted.
        strength: :math:`\tau`.

    Attributes:
        pixels: (K,) float64, labeled pixels of each class so far.
        kept: (K,) float64, pseudo labels of each class that were kept, a sum
            that forgets old ones.

    Raises:
        ValueError: If the classifier is not a convolution of several outputs.
    """

    def __init__(self, classifier: nn.Module, strength: float) -> None:
        super().__init__()
        if not isinstance(classifier, nn.Conv2d) or (
            classifier.out_channels == 1
        ):
            raise ValueError(
                'logit_adjustment needs a decode head with a classifier '
                '(conv_seg) of one output per class; set it to 0'
            )
        self.strength = strength
        pixels = torch.zeros(classifier.out_channels, dtype=torch.float64)
        self.register_buffer('pixels', pixels)
        self.register_buffer('kept', pixels.clone())
        classifier.register_forward_hook(self._adjust)

    def reset(self) -> None:
        """Forget what was counted."""
        self.pixels.zero_()
        self.kept.zero_()

    @torch.compiler.disable
    def count(self, labels: Tensor) -> None:
        """Count the labels (N, H, W) of all ranks; those of no class are not.

        Args:
            labels: int64.
        """
        self.pixels += self._counts(labels)

    @torch.compiler.disable
    def count_kept(self, labels: Tensor, mask: Tensor) -> None:
        """Count the pseudo labels of all ranks that are learned from.

        Args:
            labels: (N, h, w) int64.
            mask: (N, h, w) bool, where a label is kept.
        """
        counts = self._counts(labels.masked_fill(~mask, -1))
        self.kept.mul_(KEPT_DECAY).add_(counts)

    def offsets(self) -> Tensor:
        """What is added to the logits, (K,) float64, at most 0.

        A class without a labeled pixel counts as frequent, so that nothing
        favours its prediction.
        """
        shares = _shares(self.pixels)
        return self.strength * shares.where(self.pixels > 0, 1.0).log()

    def shift(self) -> Tensor:
        """What is added to the logits of a strong view besides, (K,) float64.

        Within :data:`MOST_SHIFT` of 0, and 0 for a class without a labeled
        pixel.
        """
        kept = self.kept / self.kept.sum().clamp_min(1)
        shift = (kept / _shares(self.pixels)).log()
        return shift.clamp(-MOST_SHIFT, MOST_SHIFT).where(self.pixels > 0, 0.0)

    def _counts(self, labels: Tensor) -> Tensor:
        """Labels of each class on all ranks, (K,) float64."""
        num_classes = len(self.pixels)
        other = (labels < 0) | (labels >= num_classes)
        labels = labels.masked_fill(other, num_classes).flatten()
        counts = torch.bincount(labels, minlength=num_classes + 1)
        counts = counts[:num_classes].to(self.pixels.dtype)
        all_reduce(counts)
        return counts

    def _adjust(
        self, classifier: nn.Module, args: tuple, logits: Tensor
    ) -> Tensor | None:
        """Adjust logits (N, K, h, w); those of predictions have no graph."""
        if not (classifier.training and torch.is_grad_enabled()):
            return None
        return logits + self.offsets().to(logits.dtype)[:, None, None]

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args, **kwargs
    ) -> None:
        """Read checkpoints without counts as well."""
        for name, counts in self.named_buffers():
            state_dict.setdefault(f'{prefix}{name}', counts)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def build_adjustment(
    head: nn.Module, strength: float
) -> LogitAdjustment | None:
    """The adjustment of a stock decode head, or None for a strength of 0."""
    if strength == 0:
        return None
    return LogitAdjustment(getattr(head, 'conv_seg', None), strength)


def _shares(pixels: Tensor) -> Tensor:
    """Share of every class, (K,), at least :data:`LEAST_SHARE`."""
    return (pixels / pixels.sum().clamp_min(1)).clamp_min(LEAST_SHARE)
