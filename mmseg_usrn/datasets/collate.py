"""Batches that leave a worker in one piece of shared memory."""

import io
import pickle
from typing import Any

import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import FUNCTIONS
from torch import Tensor
from torch.utils.data import get_worker_info

ALIGNMENT = 16
"""Bytes at whose multiples a tensor begins; no dtype needs more."""


@FUNCTIONS.register_module()
def one_message_collate(samples: list) -> Any:
    """MMEngine's ``pseudo_collate``, with all tensors in one message.

    PyTorch opens a connection for every tensor that a worker hands over, and
    a batch of a few images has dozens of them.

    Args:
        samples: What the dataset returned.

    Returns:
        The batch, or in a worker an object that becomes the batch in the
        process that receives it. Its tensors are contiguous views of one
        piece of memory.
    """
    batch = pseudo_collate(samples)
    return batch if get_worker_info() is None else _Message(batch)


class _Message:
    """Becomes a batch where it is received.

    It is written where it is made: a fault then reaches the training, which
    PyTorch's sender would print only.
    """

    def __init__(self, batch: Any) -> None:
        file = io.BytesIO()
        pickler = _TensorPickler(file, pickle.HIGHEST_PROTOCOL)
        pickler.dump(batch)
        tensors = [tensor for _, tensor in pickler.tensors.values()]
        self.parts = (file.getvalue(), *_join(tensors))

    def __reduce__(self) -> tuple:
        return _receive, self.parts


class _TensorPickler(pickle.Pickler):
    """Keeps plain tensors beside what it writes, each once."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.tensors: dict[int, tuple[int, Tensor]] = {}

    def persistent_id(self, obj: Any) -> int | None:
        if type(obj) is not Tensor or obj.requires_grad or obj.is_quantized:
            return None
        if obj.device.type != 'cpu' or obj.layout != torch.strided:
            return None
        number, _ = self.tensors.setdefault(id(obj), (len(self.tensors), obj))
        return number


class _TensorUnpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, tensors: list[Tensor]) -> None:
        super().__init__(file)
        self.tensors = tensors

    def persistent_load(self, pid: int) -> Tensor:
        return self.tensors[pid]


def _join(tensors: list[Tensor]) -> tuple[Tensor, list[tuple]]:
    """Shared memory with all tensors; the dtype and size of each."""
    sizes = [
        -(-t.numel() * t.element_size() // ALIGNMENT) * ALIGNMENT
        for t in tensors
    ]
    memory = torch.empty(sum(sizes), dtype=torch.uint8).share_memory_()
    places = [
        (t.dtype, t.shape, size)
        for t, size in zip(tensors, sizes, strict=True)
    ]
    for tensor, view in zip(tensors, _split(memory, places), strict=True):
        view.copy_(tensor)
    return memory, places


def _split(memory: Tensor, places: list[tuple]) -> list[Tensor]:
    parts = memory.split([size for _, _, size in places])
    return [
        part[: shape.numel() * dtype.itemsize].view(dtype).view(shape)
        for part, (dtype, shape, _) in zip(parts, places, strict=True)
    ]


def _receive(file: bytes, memory: Tensor, places: list[tuple]) -> Any:
    return _TensorUnpickler(io.BytesIO(file), _split(memory, places)).load()
