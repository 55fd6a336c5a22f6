"""Export to a program of PyTorch that needs no source code."""

import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from torch.export import Dim

from .checks import Dynamic, Outcome, Run, export_checked, recorded_images
from .network import ExportedNetwork, any_size


def write_torch(network: ExportedNetwork, path: Path) -> Outcome:
    """Write a network by ``torch.export``, compared with itself.

    Args:
        network: The network.
        path: The file.

    Raises:
        ValueError: If the network cannot be exported.
    """
    return export_checked(
        network, lambda d: _trace(network, path, d), lambda: load_torch(path)
    )


def load_torch(path: Path) -> Run:
    """The network of a file."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of buffers that cannot be written
        program = torch.export.load(path).module()

    def run(image):
        with torch.no_grad():
            return program(torch.from_numpy(image)).numpy()

    return run


def _trace(network: ExportedNetwork, path: Path, dynamic: Dynamic) -> None:
    dims = {0: Dim.AUTO} if dynamic.batch else {}
    image = recorded_images(network, dynamic)
    if dynamic.size:
        # Conditions on sizes that hold for these become those of the file.
        dims |= {2: Dim.AUTO, 3: Dim.AUTO}
        bottom, right = (-side % 32 for side in image.shape[2:])
        image = F.pad(image, (0, right, 0, bottom))
    with any_size(), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        program = torch.export.export(
            network, (image,), dynamic_shapes=(dims,), strict=False
        )
        torch.export.save(program, path)
