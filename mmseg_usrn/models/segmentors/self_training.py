"""Self-training on pseudo labels, to compare USRN with."""

import torch
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import add_prefix
from torch import Tensor

from ..decode_heads.dual_head import full_precision, unlabeled_logits
from ..semi import (
    build_teacher,
    confident_labels,
    masked_cross_entropy,
    mean_losses,
    strong_views,
)

Samples = list[SegDataSample]


@MODELS.register_module()
class SelfTraining(EncoderDecoder):
    """USRN without subclasses: confident labels of the weak view as they are.

    The recipe of FixMatch (Sohn et al., NeurIPS 2020) with the threshold,
    views and loss of USRN's paper, and a warm-up. With the ``threshold`` and
    ``teacher_momentum`` of a :class:`USRN` only the subclass branch differs::

        loss(inputs, data_samples)
            loss_by_gt(sup)
            forward_unlabeled(unsup_strong)
            get_pseudo_labels(unsup_weak)   no graph
            loss_by_pseudo_labels(...)

    Datasets, test and interface are those of :class:`USRN`.

    Args:
        *args: As in MMSeg's ``EncoderDecoder``, by position.
        data_preprocessor: Config of the stock preprocessor.
        warmup_iters: Iterations on labeled images alone; counted in the
            checkpoint, so a run from the weights of another one
            (``load_from``) counts on.
        threshold: Pseudo labels count above this confidence.
        unsup_loss_weight: Weight of the loss on unlabeled images.
        unsup_downsample: As in :class:`USRN`.
        teacher_momentum: If given, the weak view is labeled by a moving
            average of the model that takes up this share of it in each
            iteration (mean teacher); by default by the model itself.
        **kwargs: As in MMSeg's ``EncoderDecoder``.

    Raises:
        ValueError: If a setting is out of range.
    """

    def __init__(
        self,
        *args,
        data_preprocessor: dict | None = None,
        warmup_iters: int = 0,
        threshold: float = 0.75,
        unsup_loss_weight: float = 1.0,
        unsup_downsample: int = 2,
        teacher_momentum: float | None = None,
        **kwargs,
    ) -> None:
        if not 0 <= threshold < 1 or warmup_iters < 0:
            raise ValueError(
                'SelfTraining: threshold must be in [0, 1) and warmup_iters '
                f'>= 0, got {threshold} and {warmup_iters}'
            )
        super().__init__(
            *args,
            data_preprocessor=dict(
                type='MultiBranchDataPreprocessor',
                data_preprocessor=data_preprocessor
                or dict(type='SegDataPreProcessor'),
            ),
            **kwargs,
        )
        self.warmup_iters = warmup_iters
        self.threshold = threshold
        self.unsup_loss_weight = unsup_loss_weight
        self.unsup_downsample = unsup_downsample
        self.teacher = build_teacher(self, teacher_momentum)
        # In the checkpoint, so that a resumed run knows its warm-up is over.
        self.register_buffer('finished_iters', torch.tensor(0))

    def loss(
        self, inputs: dict[str, Tensor], data_samples: dict[str, Samples]
    ) -> dict[str, Tensor]:
        """Losses of one batch of labeled and unlabeled images.

        Args:
            inputs: (N, 3, H, W) images of the branches ``sup``,
                ``unsup_weak`` and ``unsup_strong``.
            data_samples: Samples of the same branches.

        Returns:
            Losses and what the log shows of the pseudo labels, by name.
        """
        losses = self.loss_by_gt(inputs['sup'], data_samples['sup'])
        if self.finished_iters >= self.warmup_iters:
            views = [self.forward_unlabeled(v) for v in strong_views(inputs)]
            pseudo = self.get_pseudo_labels(inputs['unsup_weak'])
            losses.update(
                mean_losses(
                    [self.loss_by_pseudo_labels(v, *pseudo) for v in views]
                )
            )
        self.finished_iters += 1
        return losses

    def loss_by_gt(
        self, inputs: Tensor, data_samples: Samples
    ) -> dict[str, Tensor]:
        """The stock model's losses on labeled images.

        Args:
            inputs: (N, 3, H, W) images.
            data_samples: N samples with ``gt_sem_seg``.
        """
        feats = self.extract_feat(inputs)
        logits = full_precision(self.decode_head(feats))
        losses = self.decode_head.loss_by_feat(logits, data_samples)
        losses = add_prefix(losses, 'sup_class')
        if self.with_auxiliary_head:
            losses.update(
                self._auxiliary_head_forward_train(feats, data_samples)
            )
        return losses

    @torch.no_grad()
    def get_pseudo_labels(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Labels of the weak view and where they count, both (N, h, w).

        Args:
            inputs: (N, 3, H, W) weakly augmented unlabeled images.
        """
        model = self.teacher.follow(self) if self.teacher else self
        prob = model.forward_unlabeled(inputs).softmax(dim=1)
        return confident_labels(prob, self.threshold)

    def loss_by_pseudo_labels(
        self, logits: Tensor, labels: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """Loss of the strong view against the weak view's labels.

        Args:
            logits: (N, K, h, w) of the strong view.
            labels: (N, h, w) int64.
            mask: (N, h, w) bool, where the label counts.
        """
        loss = masked_cross_entropy(logits, labels, mask)
        return {
            'unsup_class.loss_ce': self.unsup_loss_weight * loss,
            'unsup.class_keep_ratio': mask.float().mean(),
        }

    def forward_unlabeled(self, inputs: Tensor) -> Tensor:
        """Logits (N, K, h, w) of unlabeled images (N, 3, H, W)."""
        return unlabeled_logits(
            self.decode_head, self.extract_feat(inputs), self.unsup_downsample
        )
