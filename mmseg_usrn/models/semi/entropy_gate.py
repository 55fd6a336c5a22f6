"""The entropy gate: when the subclass branch may veto the class branch.

Letters: ``N`` images, ``K`` classes, ``S`` subclasses, ``h, w`` size of the
maps. All functions are pure and run in the precision of their input; call
them with float32 or float64, since ``log`` of a float16 underflows.
"""

import math

import torch
from torch import Tensor

GATE_RULES = ('entropy', 'renormalize', 'always', 'never')
"""When and how the subclass branch restricts the class branch."""


def normalized_entropy(prob: Tensor) -> Tensor:
    """Entropy of every pixel's distribution, as a share of the largest.

    ``E(p) = -sum_c p_c log2(p_c + 1e-30) / log2(C)``. Dividing by
    ``log2(C)`` makes branches with different numbers of outputs comparable
    (USRN, section 3.3).

    Args:
        prob: (N, C, h, w) probabilities that sum to 1 over ``C >= 2``.

    Returns:
        (N, h, w) values in [0, 1].
    """
    plogp = prob * torch.log2(prob + 1e-30)
    return -plogp.sum(dim=1) / math.log2(prob.shape[1])


def entropy_gate(
    class_prob: Tensor,
    subclass_prob: Tensor,
    subclass_to_class: Tensor,
    rule: str = 'entropy',
) -> tuple[Tensor, Tensor, Tensor]:
    """Restrict the class branch where the subclass branch is more certain.

    Where the subclass branch's normalised entropy is not above the class
    branch's (a tie counts), every class but the parent of the likeliest
    subclass gets probability 0. The rest is not normalised again: with
    a threshold of 0.5 or more the gate drops labels, but changes none.

    Args:
        class_prob: (N, K, h, w) probabilities of the class branch.
        subclass_prob: (N, S, h, w) probabilities of the subclass branch.
        subclass_to_class: (S,) int64 parents, -1 for unused subclasses.
        rule: One of :data:`GATE_RULES`: ``'entropy'`` is the paper's,
            ``'renormalize'`` normalises what it leaves, so that the pixel
            takes the parent's label, at a confidence of 1, ``'always'`` and
            ``'never'`` restrict everywhere and nowhere.

    Returns:
        The restricted probabilities (N, K, h, w), the gate (N, h, w) bool,
        true where it restricts, and the parents (N, h, w) int64.
    """
    gate = normalized_entropy(subclass_prob) <= normalized_entropy(class_prob)
    if rule in ('always', 'never'):
        gate = torch.full_like(gate, rule == 'always')
    parent = subclass_to_class[subclass_prob.argmax(dim=1)]
    classes = torch.arange(class_prob.shape[1], device=parent.device)
    # The parent of an unused subclass, -1, is no class.
    allowed = parent.unsqueeze(1) == classes[:, None, None]
    restricted = class_prob * (allowed | ~gate.unsqueeze(1))
    if rule == 'renormalize':
        tiny = torch.finfo(restricted.dtype).tiny
        restricted = restricted / restricted.sum(1, True).clamp_min(tiny)
    return restricted, gate, parent
