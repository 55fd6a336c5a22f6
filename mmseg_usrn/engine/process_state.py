"""State of a process that is in no weight: random numbers and gradients."""

import logging
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_gather_object, get_rank
from mmengine.logging import MMLogger
from torch import nn


def gather_states(model: nn.Module) -> list[dict[str, Any]]:
    """States of all ranks, in tensors and plain values; all call it together.

    Args:
        model: The model of this rank. It has gradients between two steps of
            the optimiser only, if it sums them up (``accumulative_counts``).
    """
    name, keys, *rest = np.random.get_state()
    state: dict[str, Any] = {
        'python': random.getstate(),
        'numpy': (name, np.asarray(keys).tolist(), *rest),
        'torch': torch.get_rng_state(),
        'gradients': {
            name: parameter.grad.cpu()
            for name, parameter in model.named_parameters()
            if parameter.grad is not None
        },
    }
    if torch.cuda.is_available():
        state['cuda'] = torch.cuda.get_rng_state()
    return all_gather_object(state)


def restore_state(model: nn.Module, states: list[dict[str, Any]]) -> None:
    """Bring this rank back to its state; a rank more than then stays as it is.

    Args:
        model: The model of this rank.
        states: What :func:`gather_states` has returned.
    """
    if get_rank() >= len(states):
        return
    state = states[get_rank()]
    version, words, gauss = state['python']
    random.setstate((version, tuple(words), gauss))
    name, keys, *rest = state['numpy']
    np.random.set_state((name, np.array(keys, np.uint32), *rest))
    torch.set_rng_state(state['torch'].cpu())
    if 'cuda' in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'].cpu())
    for name, parameter in model.named_parameters():
        gradient = state['gradients'].get(name)
        if gradient is not None:
            parameter.grad = gradient.to(parameter.device)


@contextmanager
def unchanged_randomness() -> Iterator[None]:
    """Put the states of all random numbers back at the end."""
    python, numpy = random.getstate(), np.random.get_state()
    on_gpu = torch.cuda.is_available()
    devices = [torch.cuda.current_device()] if on_gpu else []
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep logs and warnings off the screen."""
    before = logging.root.manager.disable
    _disable_logs(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        _disable_logs(before)


def _disable_logs(level: int) -> None:
    logging.disable(level)
    # MMEngine's loggers remember what was enabled until a level is set.
    for logger in MMLogger._instance_dict.values():
        logger.setLevel(logger.level)
