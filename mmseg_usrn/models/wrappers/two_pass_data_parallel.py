"""Data parallelism for the training step with several backward passes."""

from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import MODEL_WRAPPERS
from torch import Tensor, nn

from ..segmentors.semi_supervised import SemiSupervisedSegmentor
from ..semi import two_pass_step


@MODEL_WRAPPERS.register_module()
class TwoPassDataParallel(MMDistributedDataParallel):
    """MMEngine's data parallelism with the step of this package's segmentors.

    Gradients are averaged once a step, in the last backward pass. That pass
    does not reach the class branch, nor what learns from labeled images alone,
    so PyTorch looks for unused parameters. Other models are treated as by the
    base class.

    Args:
        module: The model.
        **kwargs: As in the base class.
    """

    def __init__(self, module: nn.Module, **kwargs) -> None:
        two_passes = isinstance(module, SemiSupervisedSegmentor)
        if two_passes:
            kwargs['find_unused_parameters'] = True
        super().__init__(module, **kwargs)
        self.takes_two_passes = two_passes

    def train_step(
        self, data: dict, optim_wrapper: OptimWrapper
    ) -> dict[str, Tensor]:
        """One step, see :func:`two_pass_step`; in the warm-up the stock's."""
        if (
            not self.takes_two_passes
            or self.module.is_warming_up
            or self.detect_anomalous_params
            or not isinstance(optim_wrapper, OptimWrapper)
        ):
            return super().train_step(data, optim_wrapper)
        return two_pass_step(self, data, optim_wrapper)
