"""A backbone with one trunk for two branches."""

from collections.abc import Iterable, Iterator
from copy import deepcopy

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from .fork_rules import shared_modules


@MODELS.register_module()
class ForkedBackbone(BaseModule):
    """Two branches over the shared first stages of any stock backbone.

    The trunk is the stock backbone, untouched; it is the class branch, and
    all that runs at test time. The fork is a copy of it whose shared stages
    are replaced by replays of what the trunk just computed: it owns weights
    for the later stages only (USRN, section 3.2) and no forward method of any
    backbone is written again::

        forward(x)        trunk(x)                      class branch
        forward_trunk(x)  trunk(x), its shared outputs  class branch
        forward_fork(x)   shared outputs -> fork        subclass branch

    Args:
        backbone: Config of the stock backbone.
        fork_after: Number of shared stages, as :data:`FORK_RULES` counts
            them; 0 shares nothing, None shares the whole backbone. Defaults
            to 1, the paper's choice.

    Raises:
        ValueError: If the backbone cannot be forked there.
    """

    def __init__(self, backbone: dict, fork_after: int | None = 1) -> None:
        super().__init__()
        if fork_after is not None and fork_after < 0:
            raise ValueError(
                f'fork_after must be >= 0 or None, got {fork_after}; it is '
                'the number of stages that both branches share'
            )
        self.trunk = MODELS.build(backbone)
        self._outputs: dict[str, object] = {}
        self._shared: list[str] = []
        if fork_after is None:
            self.fork = None
            return
        if fork_after > 0:
            self._shared = shared_modules(self.trunk, fork_after)
        self.fork = deepcopy(self.trunk)
        for name in self._shared:
            parent, _, leaf = name.rpartition('.')
            replay = _Replay(self._outputs, name)
            setattr(self.fork.get_submodule(parent), leaf, replay)
        if self._shared:
            self._drop_embeddings()

    def _drop_embeddings(self) -> None:
        """Take position and class embeddings from the fork's weights.

        They are added before the first block, so what the fork's forward
        method makes of them is replaced by a replay; it only needs tensors
        of their shape.
        """
        for name, parameter in self.trunk.named_parameters(recurse=False):
            delattr(self.fork, name)
            self.fork.register_buffer(
                name, parameter.detach().clone(), persistent=False
            )

    def init_weights(self) -> None:
        """Initialise the trunk and copy its later stages to the fork."""
        self.trunk.init_weights()
        self.reset_fork()

    def reset_fork(self) -> None:
        """Let the fork's own stages start as copies of the trunk's."""
        if self.fork is not None:
            weights = self.trunk.state_dict()
            own = {name: weights[name] for name in self.fork.state_dict()}
            self.fork.load_state_dict(own)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the class branch, those of the stock backbone."""
        return self.trunk(x)

    @torch.compiler.disable  # hooks come and go
    def forward_trunk(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the class branch; what both share waits for the fork.

        Args:
            x: (N, 3, H, W) images.
        """
        recorders = [
            self.trunk.get_submodule(name).register_forward_hook(
                _Record(self._outputs, name)
            )
            for name in self._shared
        ]
        try:
            features = self.trunk(x)
        finally:
            for recorder in recorders:
                recorder.remove()
        if self.fork is None:
            self._outputs['features'] = features
        return features

    @torch.compiler.disable  # its modules change
    def forward_fork(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of the subclass branch, right after those of the trunk.

        Args:
            x: The images that :meth:`forward_trunk` had.
        """
        if self.fork is None:
            return self._outputs['features']
        return self.fork(x)

    def forget_shared(self) -> None:
        """Release what waits for the fork: it came, or does not come."""
        self._outputs.clear()

    def shared_outputs(self) -> list[Tensor]:
        """Tensors that wait for the fork."""
        return list(_tensors(self._outputs.values()))


def _tensors(outputs: Iterable) -> Iterator[Tensor]:
    for output in outputs:
        if isinstance(output, Tensor):
            yield output
        elif isinstance(output, list | tuple):
            yield from _tensors(output)


class _Record:
    """Forward hook that keeps a module's output."""

    def __init__(self, outputs: dict, name: str) -> None:
        self.outputs = outputs
        self.name = name

    def __call__(self, module: nn.Module, args: tuple, output) -> None:
        self.outputs[self.name] = output


class _Replay(nn.Module):
    """Stands for a shared module and returns what it just put out."""

    def __init__(self, outputs: dict, name: str) -> None:
        super().__init__()
        self.outputs = outputs
        self.name = name

    def forward(self, *args, **kwargs):
        return self.outputs[self.name]
