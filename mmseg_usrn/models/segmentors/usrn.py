"""Unbiased subclass regularization, the segmentor.

Letters: ``N`` images, ``K`` classes, ``S`` subclasses, ``H, W`` pixels,
``h, w`` size of the unlabeled maps.
"""

from copy import deepcopy

import torch
from mmseg.registry import MODELS
from mmseg.utils import add_prefix
from torch import Tensor

from mmseg_usrn.structures import SubclassTable

from ..checkpoints import rename_stock_keys
from ..decode_heads.dual_head import unlabeled_logits
from ..semi import (
    PseudoLabels,
    build_adjustment,
    build_teacher,
    image_area,
    make_pseudo_labels,
    masked_cross_entropy,
)
from .dual_branch import DualBranchSegmentor
from .model_checks import check_model, check_settings
from .semi_supervised import Samples


@MODELS.register_module()
class USRN(DualBranchSegmentor):
    """Semi-supervised training of any stock encoder-decoder.

    Guan et al., "Unbiased Subclass Regularization for Semi-Supervised
    Semantic Segmentation", CVPR 2022. ``backbone`` and ``decode_head`` are
    those of any MMSeg ``EncoderDecoder`` config; the segmentor forks the one
    and doubles the other. The steps are those of
    :class:`SemiSupervisedSegmentor`, on a class branch and a subclass branch.

    Until a clustering has filled ``subclass_table``, only the class branch
    learns, from the labeled images (the warm-up). At test time the class
    branch works alone.

    The defaults of ``threshold``, ``gate``, ``teacher_momentum`` and
    ``logit_adjustment`` are not the paper's but those that did better
    (docs/experiments.md); the paper's stand in ``configs/usrn/paper``.

    Args:
        backbone: Config of the stock backbone.
        decode_head: Config of the stock decode head.
        data_preprocessor: Config of the stock preprocessor.
        pretrained: As in MMSeg.
        num_subclasses: Outputs of the subclass branch. Defaults to eight per
            class, about what the paper uses on VOC.
        fork_after: Stages that the branches share, see
            :class:`ForkedBackbone`.
        threshold: Pseudo labels count above this confidence (``t``; 0.75 in
            the paper).
        subclass_loss_weight: Weight of both subclass losses.
        unsup_loss_weight: Weight of both losses on unlabeled images.
        unsup_downsample: On unlabeled images the features are averaged over
            squares of this side before the classifiers. Defaults to 2, which
            brings stride 4 to the stride 8 of the paper.
        gate: What the subclass branch does to the pseudo labels where it is
            the more certain one, a rule of
            :func:`~mmseg_usrn.models.semi.entropy_gate`; ``'entropy'`` in
            the paper.
        teacher_momentum: The weak view is labeled by a moving average of the
            model that takes up this share of it in each step of the
            optimiser; None for the model itself, as in the paper.
        logit_adjustment: Strength of :class:`LogitAdjustment`, which lets the
            class branch predict rare classes more often; 0 in the paper.
        **kwargs: As in MMSeg's ``EncoderDecoder``. The subclass branch owns
            a copy of the ``neck``; auxiliary heads learn on the class branch,
            from the labeled images.

    Raises:
        ValueError: If a setting is out of range or the model cannot work.
    """

    def __init__(
        self,
        backbone: dict | None = None,
        decode_head: dict | None = None,
        data_preprocessor: dict | None = None,
        pretrained: str | None = None,
        num_subclasses: int | None = None,
        fork_after: int | None = 1,
        threshold: float = 0.95,
        subclass_loss_weight: float = 1.0,
        unsup_loss_weight: float = 1.0,
        unsup_downsample: int = 2,
        gate: str = 'renormalize',
        teacher_momentum: float | None = 0.01,
        logit_adjustment: float = 0.25,
        **kwargs,
    ) -> None:
        check_model(backbone, decode_head, data_preprocessor, kwargs)
        check_settings(decode_head, num_subclasses, threshold, gate)
        backbone = deepcopy(backbone)
        if pretrained is not None:
            backbone['pretrained'] = pretrained
        num_subclasses = num_subclasses or 8 * decode_head['num_classes']
        super().__init__(
            data_preprocessor,
            threshold,
            unsup_loss_weight,
            unsup_downsample,
            backbone=dict(
                type='ForkedBackbone', backbone=backbone, fork_after=fork_after
            ),
            decode_head=dict(
                type='DualHead',
                head=decode_head,
                num_subclasses=num_subclasses,
            ),
            **kwargs,
        )
        self.subclass_neck = deepcopy(self.neck) if self.with_neck else None
        self.subclass_loss_weight = subclass_loss_weight
        self.gate = gate
        # Before the table: its buffers change their sizes.
        self.teacher = build_teacher(self, teacher_momentum)
        self.logit_adjustment = build_adjustment(
            self.decode_head.class_head, logit_adjustment
        )
        self.subclass_table = SubclassTable(self.num_classes, num_subclasses)

    @property
    def is_warming_up(self) -> bool:
        """Whether nothing has been clustered as yet."""
        return not self.subclass_table.is_ready

    def loss_by_gt(
        self, inputs: Tensor, data_samples: Samples
    ) -> dict[str, Tensor]:
        """Supervised losses of both branches and the auxiliary heads.

        Args:
            inputs: (N, 3, H, W) labeled images.
            data_samples: N samples with ``gt_sem_seg``, ``gt_cell_map`` and
                the meta entry ``labeled_index``.
        """
        if self.is_warming_up:
            return {
                **self.loss_by_class(self.extract_feat(inputs), data_samples),
                'sup_subclass.loss_ce': self._zero_subclass_loss(),
            }
        labels = self.get_subclass_labels(data_samples)
        return self.loss_by_branches(
            inputs,
            lambda feats: self.loss_by_class(feats, data_samples),
            lambda feats: self.loss_by_subclass(feats, labels),
        )

    def loss_by_class(
        self, feats: tuple[Tensor, ...], data_samples: Samples
    ) -> dict[str, Tensor]:
        """Supervised losses of the class branch and the auxiliary heads."""
        head = self.decode_head
        losses = head.loss_by_class(feats, data_samples, self.train_cfg)
        losses = add_prefix(losses, 'sup_class')
        if self.with_auxiliary_head:
            losses.update(self.loss_by_auxiliary_heads(feats, data_samples))
        return losses

    def loss_by_subclass(
        self, feats: tuple[Tensor, ...], labels: Tensor
    ) -> dict[str, Tensor]:
        """Supervised loss of the subclass branch, labels (N, H, W)."""
        losses = self.decode_head.loss_by_subclass(feats, labels)
        losses['loss_ce'] *= self.subclass_loss_weight
        return add_prefix(losses, 'sup_subclass')

    def forward_unlabeled(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of both branches on unlabeled images.

        Args:
            inputs: (N, 3, H, W) images.

        Returns:
            (N, K, h, w) and (N, S, h, w) logits.
        """
        return self.decode_head.forward_unlabeled(
            *self.extract_dual_feat(inputs), self.unsup_downsample
        )

    def make_pseudo_labels(
        self, logits: tuple[Tensor, Tensor], data_samples: Samples
    ) -> PseudoLabels:
        """Confident labels of both branches, the class labels gated.

        Args:
            logits: Class logits (N, K, h, w) and subclass logits
                (N, S, h, w) of the weak view.
            data_samples: N samples, see :func:`image_area`.
        """
        return make_pseudo_labels(
            *logits,
            self.subclass_table.subclass_to_class,
            self.threshold,
            self.gate,
            image_area(data_samples, logits[0]),
        )

    def loss_by_pseudo_labels(
        self, logits: tuple[Tensor, Tensor], pseudo: PseudoLabels
    ) -> dict[str, Tensor]:
        """Losses of the strong view against the weak view's labels.

        Args:
            logits: Class logits (N, K, h, w) and subclass logits
                (N, S, h, w) of the strong view.
            pseudo: Labels and masks of the weak view, (N, h, w).
        """
        class_logits, subclass_logits = logits
        classes, mask = pseudo.classes, pseudo.class_mask
        return {
            **self.unsup_class_loss(class_logits, classes, mask),
            **self.unsup_subclass_loss(subclass_logits, pseudo),
        }

    def loss_by_view(
        self, inputs: Tensor, pseudo: PseudoLabels, weight: float
    ) -> dict[str, Tensor]:
        """As in the base class, but branch by branch.

        The losses are :meth:`unsup_class_loss` and
        :meth:`unsup_subclass_loss`.
        """
        head, downsample = self.decode_head, self.unsup_downsample
        classes, mask = pseudo.classes, pseudo.class_mask
        return self.loss_by_branches(
            inputs,
            lambda feats: self.unsup_class_loss(
                unlabeled_logits(head.class_head, feats, downsample),
                classes,
                mask,
            ),
            lambda feats: self.unsup_subclass_loss(
                unlabeled_logits(head.subclass_head, feats, downsample), pseudo
            ),
            weight,
        )

    def unsup_subclass_loss(
        self, logits: Tensor, pseudo: PseudoLabels
    ) -> dict[str, Tensor]:
        """Loss of the subclass branch on a strong view, and shares of labels.

        Args:
            logits: (N, S, h, w) subclass logits of the strong view.
            pseudo: Labels and masks of the weak view, (N, h, w).
        """
        loss = masked_cross_entropy(
            logits, pseudo.subclasses, pseudo.subclass_mask
        )
        weight = self.unsup_loss_weight * self.subclass_loss_weight
        return {
            'unsup_subclass.loss_ce': weight * loss,
            **pseudo.statistics(),
        }

    def extract_pixel_features(self, inputs: Tensor) -> Tensor:
        """Features that are clustered, (N, C, h, w).

        The input of the class branch's classifier, without a graph.

        Args:
            inputs: (N, 3, H, W) normalised images.
        """
        with torch.no_grad():
            return self.decode_head.class_features(self.extract_feat(inputs))

    def get_subclass_labels(self, data_samples: Samples) -> Tensor:
        """Subclass of every labeled pixel, (N, H, W) int64."""
        classes = torch.cat([s.gt_sem_seg.data for s in data_samples])
        ignored = classes == self.decode_head.ignore_index
        return self.subclass_table.lookup(
            images=torch.tensor(
                [sample.labeled_index for sample in data_samples],
                device=classes.device,
            ),
            cells=torch.cat([s.gt_cell_map.data for s in data_samples]),
            classes=classes.masked_fill(ignored, -1),
        )

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args, **kwargs
    ) -> None:
        """Read checkpoints of the stock model as well."""
        rename_stock_keys(state_dict, self.state_dict().keys(), prefix)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
