"""Reading of checkpoint files, without running what is in them."""

import os.path as osp
import re
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.dist import barrier, is_main_process
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


def protect_loading(trust: bool = False) -> None:
    """Let everything that MMEngine loads go through :func:`read_checkpoint`.

    Args:
        trust: Read whatever is in the files, as with ``--trust-checkpoint``.
    """

    def load_from_local(filename: str, map_location: Any = None) -> dict:
        return read_checkpoint(filename, map_location, trust)

    def load_from_http(filename: str, map_location: Any = None) -> dict:
        def download() -> dict:
            return torch.hub.load_state_dict_from_url(
                filename, map_location=map_location, weights_only=not trust
            )

        # The others find the file of the first process.
        content = _load(filename, download) if is_main_process() else None
        barrier()
        return content or _load(filename, download)

    register = CheckpointLoader.register_scheme
    register(prefixes='', loader=load_from_local, force=True)
    schemes = ['http://', 'https://']
    register(prefixes=schemes, loader=load_from_http, force=True)


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
        raise ValueError(_broken(path, error)) from error
    if not isinstance(content, dict):
        raise ValueError(
            f'{path} is no checkpoint: it holds a {type(content).__name__}, '
            'not a dict of weights'
        )
    return content


def _broken(path: str, error: Exception) -> str:
    reason = str(error).partition('\n')[0]
    return f'{path} is no whole checkpoint: {reason or type(error).__name__}'
