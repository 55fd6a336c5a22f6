"""Class head and subclass head.

Letters: ``N`` images, ``K`` classes, ``S`` subclasses, ``C`` channels,
``h, w`` size of the logits, ``H, W`` size of the labels.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.models.decode_heads.cascade_decode_head import (
    BaseCascadeDecodeHead,
)
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_usrn.structures import IGNORED_SUBCLASS

from ..losses import full_precision, head_losses, plain_losses

Features = tuple[Tensor, ...]
_GOOD_HEADS = 'such as FCNHead, PSPHead, UPerHead or SegformerHead'


@MODELS.register_module()
class DualHead(BaseModule):
    """The same decode head twice, for classes and for subclasses.

    ``predict`` and ``forward`` are those of the class head, so that testing
    costs what the stock model costs. The subclass head learns with plain
    cross-entropy over the labeled pixels, whatever losses, samplers or class
    weights the class head has.

    Args:
        head: Config of a stock decode head with ``K`` outputs.
        num_subclasses: ``S``, outputs of the subclass head.

    Raises:
        ValueError: If the head has no classifier whose input can be read, or
            a single sigmoid output.
    """

    def __init__(self, head: dict, num_subclasses: int) -> None:
        super().__init__()
        self.class_head = MODELS.build(head)
        _check_head(self.class_head)
        self.subclass_head = MODELS.build(
            _subclass_config(head, num_subclasses)
        )
        self.align_corners = self.class_head.align_corners
        self.num_classes = self.class_head.num_classes
        self.out_channels = self.class_head.out_channels
        self.ignore_index = self.class_head.ignore_index
        self.threshold = self.class_head.threshold

    def forward(self, feats: Features) -> Tensor:
        """Class logits (N, K, h, w), those of the stock head."""
        return self.class_head(feats)

    def predict(self, feats: Features, *args, **kwargs) -> Tensor:
        """Prediction of the stock head."""
        return self.class_head.predict(feats, *args, **kwargs)

    def forward_unlabeled(
        self, feats: Features, subclass_feats: Features, downsample: int
    ) -> tuple[Tensor, Tensor]:
        """Logits of both heads on an unlabeled view.

        Args:
            feats: Features of the class branch.
            subclass_feats: Features of the subclass branch.
            downsample: The input of the classifiers is averaged over squares
                of this side.

        Returns:
            (N, K, h, w) and (N, S, h, w), at least float32.
        """
        return (
            unlabeled_logits(self.class_head, feats, downsample),
            unlabeled_logits(self.subclass_head, subclass_feats, downsample),
        )

    def loss_by_class(
        self,
        feats: Features,
        data_samples: list[SegDataSample],
        train_cfg: dict | None = None,
    ) -> dict[str, Tensor]:
        """Supervised losses of the stock head, under its names."""
        return head_losses(self.class_head, feats, data_samples, train_cfg)

    def loss_by_subclass(
        self, feats: Features, labels: Tensor
    ) -> dict[str, Tensor]:
        """Cross-entropy of the subclasses over the labeled pixels.

        Args:
            feats: Features of the subclass branch.
            labels: (N, H, W) int64, ``IGNORED_SUBCLASS`` where unlabeled.

        Returns:
            ``loss_ce`` and ``acc_seg``.
        """
        logits, others = _forward_classifier(self.subclass_head, feats)
        losses = plain_losses(
            self.subclass_head, full_precision(logits), labels
        )
        # Data parallelism expects a gradient for what the class head learns
        # with terms of its own (context encoding, boundaries).
        for other in full_precision(others):
            losses['loss_ce'] = losses['loss_ce'] + 0.0 * other.sum()
        return losses

    @torch.no_grad()
    def class_features(self, feats: Features) -> Tensor:
        """Input of the class head's classifier, (N, C, h, w)."""
        with _classifier_input(self.class_head) as captured:
            self.class_head(feats)
        return captured[-1]

    def reset_subclass_head(self) -> None:
        """Copy the class head's weights, all but those of the classifier."""
        weights = {
            name: value
            for name, value in self.class_head.state_dict().items()
            if not name.startswith('conv_seg.')
        }
        own = self.subclass_head.state_dict()
        weights = {
            name: value
            for name, value in weights.items()
            if name in own and own[name].shape == value.shape
        }
        self.subclass_head.load_state_dict(weights, strict=False)

    def forget_subclasses(self) -> None:
        """Let the classifier of the subclasses know none, before new ones.

        What it has learned of others would be sure and wrong. With zeros, all
        subclasses are equally likely, in all processes alike.
        """
        for parameter in self.subclass_head.conv_seg.parameters():
            nn.init.zeros_(parameter)


def unlabeled_logits(
    head: nn.Module, feats: Features, downsample: int
) -> Tensor:
    """Logits of a stock head on an unlabeled view.

    Args:
        head: The decode head.
        feats: Features of the backbone.
        downsample: The input of the classifier is averaged over squares of
            this side.

    Returns:
        (N, K, h, w), at least float32.
    """
    logits, _ = _forward_classifier(head, feats, downsample)
    return full_precision(logits)


@torch.compiler.disable  # a method is replaced while it runs
def _forward_classifier(
    head: nn.Module, feats: Features, downsample: int = 1
) -> tuple[Tensor, list[Tensor]]:
    """Logits of the classifier, and what else the head returns.

    In training some heads return logits of further classifiers beside or
    before those that they predict with.
    """
    with _watched_classifier(head, downsample) as logits:
        output = head(feats)
    if isinstance(output, Tensor):
        return output, []
    parts = list(output)
    own = [i for i, part in enumerate(parts) if part is logits[-1]] or [0]
    return parts.pop(own[0]), parts


def _subclass_config(head: dict, num_subclasses: int) -> dict:
    # A plain dict: a config would merge the new loss into the old one.
    config = {
        **deepcopy(head),
        'num_classes': num_subclasses,
        'out_channels': num_subclasses,
        'ignore_index': IGNORED_SUBCLASS,
        'loss_decode': dict(type='ValidPixelCrossEntropyLoss'),
    }
    config.pop('sampler', None)
    config.pop('threshold', None)
    return config


def check_head_type(head: dict) -> None:
    """Refuse heads of which it is known before they are built.

    Args:
        head: Config of the decode head.

    Raises:
        ValueError: If the head is no per-pixel head, or refines the output
            of another head.
    """
    kind = head['type']
    cls = MODELS.get(kind) if isinstance(kind, str) else kind
    if cls is None:
        return  # The registry says what is missing when the head is built.
    if issubclass(cls, BaseCascadeDecodeHead):
        raise ValueError(
            f'{cls.__name__} refines the output of another head, so the '
            'cascade has no single classifier; choose a head that works '
            f'alone, {_GOOD_HEADS}'
        )
    if not issubclass(cls, BaseDecodeHead):
        raise ValueError(
            f'{cls.__name__} classifies masks, not pixels: there are no '
            'classifier features per pixel that could be clustered; choose '
            f'a per-pixel head, {_GOOD_HEADS}'
        )


def _check_head(head: nn.Module) -> None:
    name = type(head).__name__
    if not isinstance(getattr(head, 'conv_seg', None), nn.Conv2d):
        raise ValueError(
            f'{name} has no classifier (conv_seg) whose input features could '
            'be clustered; choose a per-pixel head with one, '
            f'{_GOOD_HEADS}'
        )
    check_outputs(head)


def check_outputs(head: nn.Module) -> None:
    """Refuse a decode head without an output for every class.

    Args:
        head: The built head.

    Raises:
        ValueError: If it has another number of outputs.
    """
    if head.out_channels != head.num_classes:
        raise ValueError(
            f'{type(head).__name__} has out_channels={head.out_channels} for '
            f'num_classes={head.num_classes}; pseudo labels are made of '
            'softmax distributions: drop out_channels (and use_sigmoid) to '
            'get one output per class'
        )


@contextmanager
def _watched_classifier(
    head: nn.Module, downsample: int
) -> Iterator[list[Tensor]]:
    """Average the classifier's input, before its dropout; keep its output.

    The method is replaced, not the dropout hooked, because some heads use
    the same dropout elsewhere, too.
    """
    classify = head.cls_seg
    outputs: list[Tensor] = []

    def pooled(feat: Tensor) -> Tensor:
        if downsample > 1:
            kernel = min(downsample, *feat.shape[-2:])
            feat = F.avg_pool2d(feat, kernel)
        outputs.append(classify(feat))
        return outputs[-1]

    head.cls_seg = pooled
    try:
        yield outputs
    finally:
        del head.cls_seg


@contextmanager
def _classifier_input(head: nn.Module) -> Iterator[list[Tensor]]:
    captured: list[Tensor] = []
    handle = head.conv_seg.register_forward_pre_hook(
        lambda module, args: captured.append(args[0])
    )
    try:
        yield captured
    finally:
        handle.remove()
