"""Backward pass over one of two branches that share a trunk."""

from collections.abc import Callable, Collection, Iterable

import torch
from torch import Tensor
from torch.autograd.graph import Node

Backward = Callable[[Tensor], None]
"""``Tensor.backward``, or what an optimiser wrapper makes of it."""

Waiting = list[tuple[Tensor, Tensor]]
"""Outputs of the trunk and gradients that are still to be added to them."""


@torch.compiler.disable  # reads the graph that autograd records
def backward_to_trunk(
    loss: Tensor, shared: Iterable[Tensor], backward: Backward
) -> Waiting | None:
    """Run backward over what a branch owns, so that its graph can be released.

    Args:
        loss: Scalar loss of the branch.
        shared: Outputs of the trunk, some of which the branch starts from.
        backward: ``Tensor.backward``, or what an optimiser wrapper makes of
            it.

    Returns:
        What :func:`bring_gradients` brings to the trunk. None, and nothing is
        done, where a part of the trunk is reached past its outputs, such as
        when one output is computed from another or a weight is in trunk and
        branch; where reentrant checkpoints hide a part of the graph; where
        hooks of the weights would run twice; and where there is nothing to
        learn.
    """
    starts = {
        (out.grad_fn, out.output_nr): out for out in shared if out.grad_fn
    }
    ends = {node for node, _ in starts}
    if loss.grad_fn is None:
        return None
    edges = _edges_behind([loss.grad_fn], ends)
    reached = {edge for edge in edges if edge[0] in ends}
    first = {node for node, _ in reached}
    own = {loss.grad_fn, *(node for node, _ in edges - reached)}
    nested = (first | own) & {node for node, _ in _edges_behind(first)}
    hidden = any('CheckpointFunction' in node.name() for node in own)
    parameters = [n.variable for n in own if hasattr(n, 'variable')]
    hooked = any(parameter._backward_hooks for parameter in parameters)
    if nested or hidden or hooked or not reached <= starts.keys():
        return None
    if not parameters:
        return None
    waiting: Waiting = []
    outputs = [starts[edge] for edge in reached]
    # Autocast, if it is on, is for the forward pass.
    with torch.autocast(loss.device.type, enabled=False):
        backward(_UpTo.apply((loss, outputs, waiting), *parameters))
    return waiting


def bring_gradients(value: Tensor, waiting: Waiting) -> Tensor:
    """A number whose backward pass brings the gradients that wait.

    They have the scale of the backward pass that they come from, whatever
    the number is multiplied by.

    Args:
        value: Scalar.
        waiting: From :func:`backward_to_trunk`.
    """
    gradients = [gradient for _, gradient in waiting]
    return _Bring.apply(value, gradients, *(out for out, _ in waiting))


class _UpTo(torch.autograd.Function):
    """A loss whose backward pass stops at given tensors.

    ``Tensor.backward(inputs=...)`` does not serve: it calls the node that
    made such a tensor, too, and that releases what the trunk needs.
    """

    @staticmethod
    def forward(
        ctx,
        target: tuple[Tensor, list[Tensor], Waiting],
        *parameters: Tensor,
    ) -> Tensor:
        ctx.target, ctx.parameters = target, parameters
        return target[0].detach()

    @staticmethod
    def backward(ctx, scale: Tensor) -> tuple[Tensor | None, ...]:
        loss, outputs, waiting = ctx.target
        count = len(ctx.parameters)
        grads = torch.autograd.grad(
            loss, [*ctx.parameters, *outputs], scale, allow_unused=True
        )
        pairs = zip(outputs, grads[count:], strict=True)
        waiting += [(out, grad) for out, grad in pairs if grad is not None]
        return None, *grads[:count]


class _Bring(torch.autograd.Function):
    """A number with gradients for tensors that it does not depend on."""

    @staticmethod
    def forward(
        ctx, value: Tensor, gradients: list[Tensor], *outputs: Tensor
    ) -> Tensor:
        ctx.gradients = gradients
        return value.detach().clone()

    @staticmethod
    def backward(ctx, scale: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *ctx.gradients


def _edges_behind(
    nodes: Iterable[Node], ends: Collection[Node] = ()
) -> set[tuple[Node, int]]:
    """Edges of autograd's graph on the way from nodes back to its ends."""
    todo, edges = list(nodes), set()
    while todo:
        new = {e for e in todo.pop().next_functions if e[0]} - edges
        edges |= new
        todo += [node for node, _ in new if node not in ends]
    return edges
