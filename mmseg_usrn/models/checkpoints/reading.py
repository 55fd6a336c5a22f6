"""Reading of checkpoint files, without running what is in them."""

import os
import os.path as osp
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import wraps
from http.client import HTTPException
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader

try:
    from numpy._core import multiarray
except ImportError:  # NumPy 1
    from numpy.core import multiarray


def _method_of_history(owner: type, name: str) -> Callable:
    """The only use that MMEngine's checkpoints make of ``getattr``."""
    known = ('min', 'max', 'current', 'mean')
    if owner is not HistoryBuffer or name not in known:
        raise UnpicklingError(f'GLOBAL builtins.getattr of {owner}')
    return getattr(owner, name)


ALLOWED: list[Callable | tuple[Callable, str]] = [
    # MMEngine keeps the log in its checkpoints, in arrays of NumPy.
    HistoryBuffer,
    (_method_of_history, 'builtins.getattr'),
    multiarray._reconstruct,
    multiarray.scalar,
    np.ndarray,
    np.dtype,
    *(
        type(np.dtype(name))
        for name in ('bool', 'uint8', 'int32', 'int64', 'float32', 'float64')
    ),
]
"""What a checkpoint may hold beside tensors and plain Python values."""


def read_checkpoint(
    path: str, map_location: Any = 'cpu', trust: bool = False
) -> dict:
    """Read a checkpoint from a file.

    A pickle can run any program when it is read, so that only tensors, plain
    values and :data:`ALLOWED` are read from files that are not trusted.

    Args:
        path: A local file.
        map_location: As for ``torch.load``.
        trust: Read whatever is in it.

    Returns:
        The content of the file.

    Raises:
        ValueError: If the file is not there, is broken or is no dict, or
            holds something else and is not trusted.
    """
    file = osp.expanduser(path)
    if not osp.isfile(file):
        raise ValueError(f'there is no checkpoint {path}')
    return _load(
        path,
        lambda: torch.load(file, map_location, weights_only=not trust),
    )


def protect_loading(trust: bool | None = False) -> None:
    """Restrict what MMEngine reads, from files as from any address.

    Args:
        trust: Read whatever is in the files, as with ``--trust-checkpoint``;
            None keeps what an earlier call has said, and else does not.
    """
    for prefix, loader in list(CheckpointLoader._schemes.items()):
        plain = getattr(loader, '__wrapped__', None)
        if plain is None or trust is not None:
            CheckpointLoader.register_scheme(
                prefix, _protected(plain or loader, bool(trust)), force=True
            )


def _protected(loader: Callable, trust: bool) -> Callable:
    """A loader of MMEngine whose reading of a pickle is restricted."""

    @wraps(loader)
    def load(filename: str, map_location: Any = None) -> dict:
        if '://' not in filename:
            return read_checkpoint(filename, map_location, trust)
        with nullcontext() if trust else _weights_only():
            return _load(filename, lambda: loader(filename, map_location))

    return load


@contextmanager
def _weights_only() -> Iterator[None]:
    """Make every ``torch.load`` restricted, whatever its caller says."""
    name, opposite = (
        f'TORCH_FORCE_{which}WEIGHTS_ONLY_LOAD' for which in ('', 'NO_')
    )
    before = {n: os.environ.pop(n, None) for n in (name, opposite)}
    os.environ[name] = '1'
    try:
        yield
    finally:
        del os.environ[name]
        os.environ.update({n: v for n, v in before.items() if v is not None})


def _load(path: str, load: Callable[[], Any]) -> dict:
    try:
        with torch.serialization.safe_globals(ALLOWED):
            content = load()
    except UnpicklingError as error:
        found = re.search(r'GLOBAL (\S+)', str(error))
        if found is None:  # PyTorch's text advises to trust the file
            raise ValueError(
                f'{path} is no whole checkpoint: it is not in the format of '
                'torch.save'
            ) from error
        raise ValueError(
            f'{path} holds more than weights ({found[1]}), which could run '
            'any program on this machine; if you trust whoever made it, add '
            '--trust-checkpoint'
        ) from error
    except Exception as error:  # whatever a reader makes of noise
        raise ValueError(_not_read(path, error)) from error
    if not isinstance(content, dict):
        raise ValueError(
            f'{path} is no checkpoint: it holds a {type(content).__name__}, '
            'not a dict of weights'
        )
    return content


def _not_read(path: str, error: Exception) -> str:
    reason = str(error).partition('\n')[0] or type(error).__name__
    if '://' in path and isinstance(error, OSError | HTTPException):
        return (
            f'{path} cannot be fetched ({reason}): download it by hand and '
            'give the path of the file'
        )
    return f'{path} is no whole checkpoint: {reason}'
