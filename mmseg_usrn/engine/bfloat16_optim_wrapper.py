"""Mixed precision on a CPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from torch import nn


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Forward passes in bfloat16 where PyTorch holds it to be safe.

    MMEngine's ``AmpOptimWrapper`` needs a GPU. Weights and gradients stay in
    float32; bfloat16 has float32's range, so losses are not scaled.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Context of a forward pass.

        Args:
            model: The model that is trained.
        """
        device = next(model.parameters()).device.type
        with (
            super().optim_context(model),
            torch.autocast(device, torch.bfloat16),
        ):
            yield
