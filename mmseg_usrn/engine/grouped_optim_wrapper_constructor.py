"""Optimiser with as few parameter groups as there are settings."""

from mmengine.optim import DefaultOptimWrapperConstructor
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class GroupedOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """MMEngine's constructor, parameters of equal settings in one group.

    With ``paramwise_cfg`` MMEngine gives every parameter a group of its own.
    An optimiser updates a group at once, so that a GPU has a few launches
    instead of some for each parameter; the updates are the same. Fused SGD
    keeps MMEngine's groups: PyTorch's needs the momentum of all parameters of
    a group or of none, and some may get their first gradients later.
    """

    def add_params(
        self, params: list[dict], module: nn.Module, *args, **kwargs
    ) -> None:
        """Add the parameters of a module and of those in it.

        Args:
            params: Groups so far, changed in place.
            module: The module.
            *args: As in MMEngine.
            **kwargs: As in MMEngine.
        """
        super().add_params(params, module, *args, **kwargs)
        optimizer = self.optimizer_cfg
        if optimizer.get('fused') and 'momentum' in optimizer:
            return
        merged: dict[str, dict] = {}
        for group in params:
            settings = {k: v for k, v in group.items() if k != 'params'}
            key = repr(sorted(settings.items()))
            into = merged.setdefault(key, {'params': [], **settings})
            into['params'] += group['params']
        params[:] = merged.values()
