"""Export to ONNX."""

import warnings
from pathlib import Path

import torch

from .checks import Dynamic, Outcome, Run, export_checked, recorded_images
from .network import ExportedNetwork, any_size
from .optional import import_optional

OPSET = 17
"""Of 2022: what older runtimes and converters read, too."""


def write_onnx(network: ExportedNetwork, path: Path) -> Outcome:
    """Write a network, compared with PyTorch in ONNX Runtime.

    Args:
        network: The network.
        path: The file.

    Raises:
        ValueError: If a package is missing or the network cannot be exported.
    """
    import_optional('onnx')
    import_optional('onnxruntime')

    return export_checked(
        network, lambda d: _trace(network, path, d), lambda: load_onnx(path)
    )


def load_onnx(path: Path, threads: int = 1) -> Run:
    """The network of a file in ONNX Runtime, on the CPU."""
    runtime = import_optional('onnxruntime')
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    session = runtime.InferenceSession(
        str(path), options, providers=['CPUExecutionProvider']
    )
    return lambda image: session.run(None, {'image': image})[0]


def _trace(network: ExportedNetwork, path: Path, dynamic: Dynamic) -> None:
    """Write the file.

    By PyTorch's older exporter: it records sizes as operations where the
    newer one stops at conditions on them, and takes a tenth of the time.
    """
    batch = {0: 'batch'} if dynamic.batch else {}
    size = {2: 'height', 3: 'width'} if dynamic.size else {}
    # Class indices have no axis of classes.
    output = {a - (a > 1) * network.options.argmax: n for a, n in size.items()}
    image = recorded_images(network, dynamic)
    with any_size(), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        torch.onnx.export(
            network,
            (image,),
            str(path),
            input_names=['image'],
            output_names=['labels' if network.options.argmax else 'logits'],
            dynamic_axes={
                'image': {**batch, **size},
                'labels' if network.options.argmax else 'logits': {
                    **batch,
                    **output,
                },
            },
            opset_version=OPSET,
            dynamo=False,
        )
