"""Segmentor of two branches that share a trunk: features, losses, weights."""

from collections.abc import Callable

from torch import Tensor, nn

from ..semi import backward_to_trunk, bring_gradients
from .semi_supervised import SemiSupervisedSegmentor


class DualBranchSegmentor(SemiSupervisedSegmentor):
    """The class branch and the subclass branch, one after the other.

    Both start from the trunk of a :class:`ForkedBackbone`; a
    :class:`DualHead` ends them. The subclass branch has a neck of its own,
    ``subclass_neck``, or None.
    """

    def loss_by_branches(
        self,
        inputs: Tensor,
        class_losses: Callable[[tuple], dict[str, Tensor]],
        subclass_losses: Callable[[tuple], dict[str, Tensor]],
        weight: float = 1.0,
    ) -> dict[str, Tensor]:
        """Losses of both branches on the same images, one after the other.

        Within a training step the graph of the class branch is released
        before the subclass branch needs memory, if it can be cut from the
        trunk's, see :func:`backward_to_trunk`.

        Args:
            inputs: (N, 3, H, W) images.
            class_losses: Losses from the features of the class branch.
            subclass_losses: Losses from those of the subclass branch.
            weight: Of the losses, where backward is run in here.
        """
        try:
            losses = class_losses(self.extract_class_feat(inputs))
            if self.backward is not None:
                losses = self._backward_to_trunk(losses, weight)
            subclass = subclass_losses(self.extract_subclass_feat(inputs))
        finally:
            self.backbone.forget_shared()
        return {**losses, **subclass}

    def _backward_to_trunk(
        self, losses: dict[str, Tensor], weight: float
    ) -> dict[str, Tensor]:
        """The losses as numbers, one of which brings the trunk's gradients."""
        loss, log = self.parse_losses(losses)
        waiting = backward_to_trunk(
            weight * loss, self.backbone.shared_outputs(), self.backward
        )
        if waiting is None:
            return losses
        values = {k: v.detach() for k, v in log.items() if k != 'loss'}
        name = next(name for name in values if 'loss' in name)
        values[name] = bring_gradients(values[name], waiting)
        return values

    def extract_dual_feat(self, inputs: Tensor) -> tuple:
        """Features of the class branch and of the subclass branch."""
        try:
            return (
                self.extract_class_feat(inputs),
                self.extract_subclass_feat(inputs),
            )
        finally:
            self.backbone.forget_shared()

    def extract_class_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Features of the class branch; the shared ones wait."""
        feats = self.backbone.forward_trunk(inputs)
        return self.neck(feats) if self.with_neck else feats

    def extract_subclass_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Features of the subclass branch, right after the class branch's."""
        feats = self.backbone.forward_fork(inputs)
        return self.subclass_neck(feats) if self.with_neck else feats

    def init_weights(self) -> None:
        """Initialise the class branch as the stock model, then the copies."""
        super().init_weights()
        init_cfg = self.init_cfg
        from_checkpoint = (
            isinstance(init_cfg, dict) and init_cfg['type'] == 'Pretrained'
        )
        # A checkpoint of a USRN has weights of its own for this neck.
        if self.with_neck and not from_checkpoint:
            self.subclass_neck.load_state_dict(self.neck.state_dict())

    def start_subclass_branch(self) -> None:
        """Let the subclass branch start as a copy of the class branch.

        Called after a warm-up, when the first clustering is done; the
        classifier, which has not learned as yet, stays as it is.
        """
        self.backbone.reset_fork()
        if self.with_neck:
            self.subclass_neck.load_state_dict(self.neck.state_dict())
        self.decode_head.reset_subclass_head()

    def subclass_parameters(self) -> list[nn.Parameter]:
        """Trained weights that the subclass branch shares with no other."""
        parts = [
            self.backbone.fork,
            self.subclass_neck,
            self.decode_head.subclass_head,
        ]
        return [
            parameter
            for part in parts
            if part is not None
            for parameter in part.parameters()
            if parameter.requires_grad
        ]

    def _zero_subclass_loss(self) -> Tensor:
        """A loss of 0 that reaches every weight of the subclass branch.

        Data parallelism expects a gradient for each parameter.
        """
        return 0.0 * sum(p.sum() for p in self.subclass_parameters())
