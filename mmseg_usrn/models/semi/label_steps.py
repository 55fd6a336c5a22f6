"""Pseudo labels with the steps that lead to them, to look at.

Letters as in :mod:`.entropy_gate`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from .pseudo_labels import PseudoLabels, confident_labels, image_area


@dataclass(frozen=True)
class LabelSteps:
    """How a class prediction becomes a pseudo label; tensors are (N, h, w).

    Attributes:
        prediction: int64 likeliest class of the class branch alone.
        labels: int64 pseudo label.
        kept: bool, where the label is confident and thus learned from.
        parents: int64 classes of the likeliest subclasses, -1 for unused
            ones; None without a subclass branch that has learned.
        gate: bool, where the subclass branch restricts the class branch;
            None like ``parents``.
    """

    prediction: Tensor
    labels: Tensor
    kept: Tensor
    parents: Tensor | None = None
    gate: Tensor | None = None


@torch.no_grad()
def trace_pseudo_labels(
    model: Any, inputs: Tensor, data_samples: Sequence[SegDataSample] = ()
) -> LabelSteps:
    """The pseudo labels that a segmentor makes of the weak view.

    The labels are those of the teacher as it is, which is not moved; without
    one, or before its first step, those of the model in evaluation mode.
    Modes and running statistics are left as they were.

    Args:
        model: A :class:`~mmseg_usrn.models.segmentors.USRN` or
            :class:`~mmseg_usrn.models.segmentors.SelfTraining`.
        inputs: (N, 3, H, W) normalised images.
        data_samples: N samples of the images, where these may be padded.

    Returns:
        The labels. In the warm-up, when none are made, what the class branch
        alone would keep.
    """
    teacher = model.teacher
    labeler = teacher.module if teacher and teacher.steps > 0 else model
    with evaluation_mode(labeler):
        logits = labeler.forward_unlabeled(inputs)
    class_logits = logits[0] if isinstance(logits, tuple) else logits
    prediction = class_logits.argmax(dim=1)
    if isinstance(logits, tuple) and model.is_warming_up:
        prob = class_logits.softmax(dim=1)
        area = image_area(data_samples, prob)
        return LabelSteps(
            prediction, *confident_labels(prob, model.threshold, area)
        )
    pseudo = model.make_pseudo_labels(logits, data_samples)
    if not isinstance(pseudo, PseudoLabels):
        return LabelSteps(prediction, *pseudo)
    return LabelSteps(
        prediction,
        pseudo.classes,
        pseudo.class_mask,
        pseudo.parents,
        pseudo.gate,
    )


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Evaluation mode; every module gets its own mode back."""
    modes = [(module, module.training) for module in model.modules()]
    for module, _ in modes:  # not `eval`, which may change more
        module.training = False
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
