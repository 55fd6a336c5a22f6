"""Semi-supervised training of an encoder-decoder on pseudo labels.

Letters: ``N`` images, ``H, W`` pixels, ``h, w`` size of the unlabeled maps.
"""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from mmengine.optim import OptimWrapper
from mmseg.models.segmentors import EncoderDecoder
from mmseg.structures import SegDataSample
from mmseg.utils import add_prefix
from torch import Tensor, nn

from ..checkpoints import add_teacher_keys
from ..losses import has_plain_loss, head_losses
from ..semi import (
    Backward,
    masked_cross_entropy,
    mean_losses,
    strong_views,
    two_pass_step,
)
from .memory_format import use_channels_last
from .pointwise import pointwise_convolutions, use_onednn

Samples = Sequence[SegDataSample]


class SemiSupervisedSegmentor(EncoderDecoder):
    """The steps that all segmentors of this package share.

    A segmentor says how its supervised losses are made, what it predicts on
    an unlabeled image, which labels follow from that, and what they cost::

        loss(inputs, data_samples)
            loss_by_gt(sup)                     ground truth
            loss_by_unlabeled(...)              once the warm-up is over
                get_pseudo_labels(unsup_weak)       no graph
                    forward_unlabeled               by the teacher, if any
                    make_pseudo_labels
                loss_by_view(unsup_strong)          mean over the views
                    forward_unlabeled
                    loss_by_pseudo_labels

    Without a teacher the strong views are forwarded before the weak one. With
    one, the views of a USRN are forwarded branch by branch, each followed by
    its loss.

    There may be several strong views, ``unsup_strong``, ``unsup_strong2`` and
    so on: what the pipeline of the unlabeled images makes. ``predict`` and
    the rest of the interface are the stock segmentor's.

    Args:
        data_preprocessor: Config of the stock preprocessor, which treats
            every branch of the batch.
        threshold: Pseudo labels count above this confidence.
        unsup_loss_weight: Weight of the losses on unlabeled images.
        unsup_downsample: On unlabeled images the features are averaged over
            squares of this side before the classifiers.
        **kwargs: As in MMSeg's ``EncoderDecoder``.

    Attributes:
        teacher: A moving average of the model that labels the weak view, or
            None for the model itself.
        logit_adjustment: What the class head's logits are adjusted by in its
            losses, or None.
        backward: Runs backward over a part of the losses while the others
            are still to be computed, see :func:`two_pass_step`; None where
            the caller wants all losses with their graphs.
    """

    def __init__(
        self,
        data_preprocessor: dict | None,
        threshold: float,
        unsup_loss_weight: float,
        unsup_downsample: int,
        **kwargs,
    ) -> None:
        super().__init__(
            data_preprocessor=dict(
                type='MultiBranchDataPreprocessor',
                data_preprocessor=data_preprocessor
                or dict(type='SegDataPreProcessor'),
            ),
            **kwargs,
        )
        preprocessor, *parts = self.children()
        preprocessor.channels_last = use_channels_last(*parts)
        self.threshold = threshold
        self.unsup_loss_weight = unsup_loss_weight
        self.unsup_downsample = unsup_downsample
        self.teacher = None
        self.logit_adjustment = None
        self.backward: Backward | None = None
        self._uses_onednn = False

    def train(self, mode: bool = True) -> 'SemiSupervisedSegmentor':
        """As in PyTorch; convolutions of one pixel go to oneDNN on a CPU.

        In evaluation they are computed as those of the stock model. A model
        that is moved to another device changes at the next call, which
        MMEngine's loop makes before every iteration.
        """
        super().train(mode)
        on_cpu = next(self.parameters()).device.type == 'cpu'
        if self._uses_onednn != (mode and on_cpu):
            self._uses_onednn = not self._uses_onednn
            use_onednn(pointwise_convolutions(self), self._uses_onednn)
        return self

    def loss(
        self, inputs: dict[str, Tensor], data_samples: dict[str, Samples]
    ) -> dict[str, Tensor]:
        """Losses of a batch of labeled images, unlabeled images, or both.

        Args:
            inputs: (N, 3, H, W) images of the branches ``sup``,
                ``unsup_weak`` and ``unsup_strong``, of ``sup`` alone, or of
                all others.
            data_samples: Samples of the same branches.

        Returns:
            Losses and what the log shows of the pseudo labels, by name.
        """
        losses = {}
        if 'sup' in inputs:
            if self.logit_adjustment is not None:
                labels = [s.gt_sem_seg.data for s in data_samples['sup']]
                self.logit_adjustment.count(torch.cat(labels))
            losses.update(self.loss_by_gt(inputs['sup'], data_samples['sup']))
        if 'unsup_weak' in inputs and not self.is_warming_up:
            losses.update(self.loss_by_unlabeled(inputs, data_samples))
        return losses

    def train_step(
        self, data: dict, optim_wrapper: OptimWrapper
    ) -> dict[str, Tensor]:
        """One step, see :func:`two_pass_step`; in the warm-up the stock's."""
        if self.is_warming_up or not isinstance(optim_wrapper, OptimWrapper):
            return super().train_step(data, optim_wrapper)
        return two_pass_step(self, data, optim_wrapper)

    def loss_by_unlabeled(
        self, inputs: dict[str, Tensor], data_samples: dict[str, Samples]
    ) -> dict[str, Tensor]:
        """Losses of the strong views against the labels of the weak view.

        Without a teacher the running statistics of the normalisation are
        updated in the paper's order: labeled, strong, weak.

        Args:
            inputs: (N, 3, H, W) images of all branches.
            data_samples: Samples of the same branches.
        """
        views = strong_views(inputs)
        weak = inputs['unsup_weak'], data_samples['unsup_weak']
        if self.teacher is None:
            logits = [self.forward_unlabeled(view) for view in views]
            pseudo = self.get_pseudo_labels(*weak)
            losses = [self.loss_by_pseudo_labels(x, pseudo) for x in logits]
        else:
            pseudo, weight = self.get_pseudo_labels(*weak), 1 / len(views)
            losses = [self.loss_by_view(x, pseudo, weight) for x in views]
        return mean_losses(losses)

    def loss_by_view(
        self, inputs: Tensor, pseudo, weight: float
    ) -> dict[str, Tensor]:
        """Losses of a strong view (N, 3, H, W) against pseudo labels.

        Args:
            inputs: Images of the view.
            pseudo: Pseudo labels.
            weight: Of the view, where backward is run in here: one by the
                number of views.
        """
        return self.loss_by_pseudo_labels(
            self.forward_unlabeled(inputs), pseudo
        )

    def loss_by_auxiliary_heads(
        self, feats: tuple[Tensor, ...], data_samples: Samples
    ) -> dict[str, Tensor]:
        """Losses of the stock auxiliary heads, under the stock names.

        Args:
            feats: Features of labeled images.
            data_samples: N samples with ``gt_sem_seg``.
        """
        heads = self.auxiliary_head
        named = (
            {f'aux_{index}': head for index, head in enumerate(heads)}
            if isinstance(heads, nn.ModuleList)
            else {'aux': heads}
        )
        if not all(has_plain_loss(head) for head in named.values()):
            return self._auxiliary_head_forward_train(feats, data_samples)
        losses = {}
        for name, head in named.items():
            loss = head_losses(head, feats, data_samples)
            losses.update(add_prefix(loss, name))
        return losses

    @torch.no_grad()
    def get_pseudo_labels(self, inputs: Tensor, data_samples: Samples):
        """Pseudo labels of the weak view.

        The teacher is in evaluation mode; without one, the model labels in
        its own mode.

        Args:
            inputs: (N, 3, H, W) weakly augmented unlabeled images.
            data_samples: N samples, see :func:`image_area`.
        """
        model = self.teacher.update(self) if self.teacher else self
        logits = model.forward_unlabeled(inputs)
        return self.make_pseudo_labels(logits, data_samples)

    def unsup_class_loss(
        self, logits: Tensor, labels: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """Loss of the classes on a strong view.

        Args:
            logits: (N, K, h, w) of the strong view.
            labels: (N, h, w) int64 pseudo labels of the weak view.
            mask: (N, h, w) bool, where they are kept.
        """
        adjustment = self.logit_adjustment
        if adjustment is not None:
            adjustment.count_kept(labels, mask)
            logits = logits + adjustment.shift().to(logits)[:, None, None]
        loss = masked_cross_entropy(logits, labels, mask)
        return {'unsup_class.loss_ce': self.unsup_loss_weight * loss}

    @property
    @abstractmethod
    def is_warming_up(self) -> bool:
        """Whether only the labeled images are learned from as yet."""

    @abstractmethod
    def loss_by_gt(
        self, inputs: Tensor, data_samples: Samples
    ) -> dict[str, Tensor]:
        """Supervised losses on labeled images (N, 3, H, W)."""

    @abstractmethod
    def forward_unlabeled(self, inputs: Tensor):
        """Logits at (h, w) of unlabeled images (N, 3, H, W)."""

    @abstractmethod
    def make_pseudo_labels(self, logits, data_samples: Samples):
        """Pseudo labels from the logits of the weak view and its samples."""

    @abstractmethod
    def loss_by_pseudo_labels(self, logits, pseudo) -> dict[str, Tensor]:
        """Losses of a strong view's logits against pseudo labels."""

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args, **kwargs
    ) -> None:
        """Read checkpoints without a teacher as well."""
        add_teacher_keys(state_dict, self.state_dict().keys(), prefix)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
