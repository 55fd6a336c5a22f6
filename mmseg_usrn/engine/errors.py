"""Errors that end a run which was well when it began."""

import torch

LESS_MEMORY = (
    'lower train_dataloader.batch_size (optim_wrapper.accumulative_counts '
    'keeps the global batch), crop smaller, or add --amp'
)
"""What to do where a training needs more memory than the GPU has."""


class NotFiniteError(RuntimeError):
    """A loss, a weight or a feature that is infinite or no number."""


def is_out_of_memory(error: Exception) -> bool:
    """Whether it is the GPU's memory that is full."""
    return isinstance(error, torch.cuda.OutOfMemoryError)
