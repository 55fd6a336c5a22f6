"""Self-training on pseudo labels, to compare USRN with.

Letters: ``N`` images, ``K`` classes, ``h, w`` size of the unlabeled maps.
"""

from mmengine.logging import MessageHub
from mmseg.registry import MODELS
from mmseg.utils import add_prefix
from torch import Tensor

from ..decode_heads.dual_head import check_outputs, unlabeled_logits
from ..losses import head_losses
from ..semi import (
    build_adjustment,
    build_teacher,
    confident_labels,
    image_area,
)
from .semi_supervised import Samples, SemiSupervisedSegmentor


@MODELS.register_module()
class SelfTraining(SemiSupervisedSegmentor):
    """USRN without subclasses: confident labels of the weak view as they are.

    The recipe of FixMatch (Sohn et al., NeurIPS 2020) with the threshold,
    views and loss of USRN's paper, and a warm-up. With the ``threshold``,
    ``teacher_momentum`` and ``logit_adjustment`` of a :class:`USRN` only the
    subclass branch differs.
    Datasets, test and interface are those of :class:`USRN`.

    Args:
        data_preprocessor: Config of the stock preprocessor.
        warmup_iters: Iterations on labeled images alone.
        threshold: Pseudo labels count above this confidence.
        unsup_loss_weight: Weight of the loss on unlabeled images.
        unsup_downsample: As in :class:`USRN`.
        teacher_momentum: If given, the weak view is labeled by a moving
            average of the model that takes up this share of it in each step
            of the optimiser (mean teacher); by default by the model itself.
        logit_adjustment: As in :class:`USRN`; by default there is none.
        **kwargs: As in MMSeg's ``EncoderDecoder``.

    Raises:
        ValueError: If a setting is out of range, or the decode head has not
            one output for each class.
    """

    def __init__(
        self,
        data_preprocessor: dict | None = None,
        warmup_iters: int = 0,
        threshold: float = 0.75,
        unsup_loss_weight: float = 1.0,
        unsup_downsample: int = 2,
        teacher_momentum: float | None = None,
        logit_adjustment: float = 0.0,
        **kwargs,
    ) -> None:
        if not 0 <= threshold < 1 or warmup_iters < 0:
            raise ValueError(
                'SelfTraining: threshold must be in [0, 1) and warmup_iters '
                f'>= 0, got {threshold} and {warmup_iters}'
            )
        super().__init__(
            data_preprocessor,
            threshold,
            unsup_loss_weight,
            unsup_downsample,
            **kwargs,
        )
        check_outputs(self.decode_head)
        self.warmup_iters = warmup_iters
        self.teacher = build_teacher(self, teacher_momentum)
        self.logit_adjustment = build_adjustment(
            self.decode_head, logit_adjustment
        )

    @property
    def is_warming_up(self) -> bool:
        """Whether the run is in its first ``warmup_iters`` iterations.

        The runner keeps the iteration in MMEngine's message hub, which is
        part of the checkpoint.
        """
        iteration = MessageHub.get_current_instance().get_info('iter', 0)
        return iteration < self.warmup_iters

    def loss_by_gt(
        self, inputs: Tensor, data_samples: Samples
    ) -> dict[str, Tensor]:
        """The stock model's losses on labeled images.

        Args:
            inputs: (N, 3, H, W) images.
            data_samples: N samples with ``gt_sem_seg``.
        """
        feats = self.extract_feat(inputs)
        losses = head_losses(
            self.decode_head, feats, data_samples, self.train_cfg
        )
        losses = add_prefix(losses, 'sup_class')
        if self.with_auxiliary_head:
            losses.update(self.loss_by_auxiliary_heads(feats, data_samples))
        return losses

    def forward_unlabeled(self, inputs: Tensor) -> Tensor:
        """Logits (N, K, h, w) of unlabeled images (N, 3, H, W)."""
        return unlabeled_logits(
            self.decode_head, self.extract_feat(inputs), self.unsup_downsample
        )

    def make_pseudo_labels(
        self, logits: Tensor, data_samples: Samples
    ) -> tuple[Tensor, Tensor]:
        """Likeliest classes and where they count, both (N, h, w).

        Args:
            logits: (N, K, h, w) of the weak view.
            data_samples: N samples, see :func:`image_area`.
        """
        area = image_area(data_samples, logits)
        return confident_labels(logits.softmax(dim=1), self.threshold, area)

    def loss_by_pseudo_labels(
        self, logits: Tensor, pseudo: tuple[Tensor, Tensor]
    ) -> dict[str, Tensor]:
        """Loss of the strong view against the weak view's labels.

        Args:
            logits: (N, K, h, w) of the strong view.
            pseudo: Labels (N, h, w) int64 and mask (N, h, w) bool.
        """
        labels, mask = pseudo
        return {
            **self.unsup_class_loss(logits, labels, mask),
            'unsup.class_keep_ratio': mask.float().mean(),
        }
