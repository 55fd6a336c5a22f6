"""Training step that learns from labeled images, then from unlabeled ones."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from .branch_backward import Backward


def two_pass_step(
    model: nn.Module, data: dict, optim_wrapper: OptimWrapper
) -> dict[str, Tensor]:
    """Run backward over the labeled images before the others are forwarded.

    The graph of the labeled images is released before the unlabeled ones
    need memory; within both, the segmentor may run backward over a part of
    its losses. Gradients add up, so they are those of one pass over all
    losses; several processes average them once, in the last pass.

    Args:
        model: A segmentor, or its distributed wrapper.
        data: A batch of the data loader.
        optim_wrapper: MMEngine's wrapper of the optimiser.

    Returns:
        Losses and what the log shows of the pseudo labels, by name.
    """
    segmentor = model.module if is_model_wrapper(model) else model
    alone = getattr(model, 'no_sync', nullcontext)

    def backward(loss: Tensor) -> None:
        optim_wrapper.backward(optim_wrapper.scale_loss(loss))
        # The wrapper counts backward passes to know when gradients have been
        # accumulated; this one is a part of a pass.
        optim_wrapper._inner_count -= 1

    if segmentor.teacher is not None:
        # Asked before this pass is counted: whether the last one was a step.
        segmentor.teacher.is_due = optim_wrapper.should_update()
    within = backward_within(segmentor, backward)
    with optim_wrapper.optim_context(model), alone(), within:
        data = segmentor.data_preprocessor(data, training=True)
        labeled, unlabeled = _split(data)
        del data
        losses = model._run_forward(labeled, mode='loss')
    loss, log = segmentor.parse_losses(losses)
    del losses
    backward(loss)
    log = {k: v.detach() for k, v in log.items() if k != 'loss'}
    del loss, labeled
    within = backward_within(segmentor, backward)
    with optim_wrapper.optim_context(model), within:
        losses = model._run_forward(unlabeled, mode='loss')
    loss, log_vars = segmentor.parse_losses({**log, **losses})
    optim_wrapper.update_params(loss)
    return log_vars


@contextmanager
def backward_within(segmentor: nn.Module, backward: Backward) -> Iterator:
    """Let a segmentor run backward over a part of its losses by itself.

    Args:
        segmentor: One of this package.
        backward: ``Tensor.backward``, or what an optimiser wrapper makes of
            it.
    """
    segmentor.backward = backward
    try:
        yield
    finally:
        segmentor.backward = None


def _split(data: dict) -> tuple[dict, dict]:
    """The labeled branch of a batch, and the others."""
    parts: tuple[dict, dict] = ({}, {})
    for key, branches in data.items():
        for name, value in branches.items():
            parts[name != 'sup'].setdefault(key, {})[name] = value
    return parts
