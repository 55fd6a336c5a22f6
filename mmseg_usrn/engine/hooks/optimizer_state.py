"""What an optimiser remembers of weights that are given new values."""

from mmengine.optim import OptimWrapper
from torch import nn
from torch.optim import SGD


def reset_optimizer_state(
    optim_wrapper: OptimWrapper, parameters: list[nn.Parameter]
) -> None:
    """Let the optimiser meet weights for the first time.

    In the warm-up the gradients of the subclass branch are 0. Adam, whose
    moments stay 0 but whose steps count, would then take steps of up to six
    times the learning rate.

    Optimisers begin anew with weights of which they remember nothing. A fused
    SGD cannot where it remembers others: it wants a momentum of all weights
    of a group or of none. SGD gets a momentum of 0, fused or not; its next
    steps are those of a new optimiser, but for a ``dampening``, which then
    applies to the first gradient as well.

    Args:
        optim_wrapper: The wrapper of the optimiser; changed in place.
        parameters: The weights, all or a part of its parameter groups.
    """
    optimizer = optim_wrapper.optimizer
    for parameter in parameters:
        state = optimizer.state.get(parameter)
        if not state:
            continue
        if isinstance(optimizer, SGD):
            if state.get('momentum_buffer') is not None:
                state['momentum_buffer'].zero_()
        else:
            del optimizer.state[parameter]
