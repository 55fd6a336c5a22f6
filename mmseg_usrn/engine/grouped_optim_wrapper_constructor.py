"""Optimiser with as few parameter groups as there are settings."""

from mmengine.optim import DefaultOptimWrapperConstructor
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class GroupedOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """MMEngine's constructor, parameters of equal settings in one group.

    With ``paramwise_cfg`` MMEngine gives every parameter a group of its own.
    An optimiser updates a group at once, so that a GPU has a few launches
    instead of some for each parameter; the updates are the same.
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
        merged: dict[tuple, dict] = {}
        for group in params:
            settings = {k: v for k, v in group.items() if k != 'params'}
            key = tuple(sorted(settings.items()))
            into = merged.setdefault(key, {'params': [], **settings})
            into['params'] += _listed(group['params'])
        params[:] = merged.values()


def _listed(params: nn.Parameter | list[nn.Parameter]) -> list[nn.Parameter]:
    return params if isinstance(params, list) else [params]
