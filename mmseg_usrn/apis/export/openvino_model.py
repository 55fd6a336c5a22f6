"""Export to OpenVINO."""

from pathlib import Path
from tempfile import TemporaryDirectory

from .checks import TOLERANCE, Outcome, Run, compare
from .network import ExportedNetwork
from .onnx_file import write_onnx
from .optional import import_optional


def write_openvino(network: ExportedNetwork, path: Path) -> Outcome:
    """Write a network by way of ONNX, compared with PyTorch in float32.

    Args:
        network: The network.
        path: The file of the graph; that of the weights ends in ``.bin``.

    Raises:
        ValueError: If a package is missing or the network cannot be exported.
    """
    openvino = import_optional('openvino')
    with TemporaryDirectory() as folder:
        onnx_path = Path(folder) / 'network.onnx'
        by_onnx = write_onnx(network, onnx_path)
        converted = openvino.convert_model(onnx_path)
        openvino.save_model(converted, path, compress_to_fp16=False)
    outcome = compare(load_openvino(path), network, by_onnx.dynamic)
    if outcome.difference > TOLERANCE:
        raise ValueError(
            'the model cannot be exported: the output in OpenVINO differs by '
            f'{outcome.difference:.1g} of the largest logit'
        )
    return Outcome(
        by_onnx.dynamic, outcome.difference, outcome.shapes, by_onnx.reason
    )


def load_openvino(path: Path, threads: int = 1) -> Run:
    """The network of a file in OpenVINO, on the CPU in float32.

    Without the hint OpenVINO computes in bfloat16 where the CPU has it.
    """
    openvino = import_optional('openvino')
    settings = dict(
        INFERENCE_PRECISION_HINT='f32', INFERENCE_NUM_THREADS=threads
    )
    model = openvino.Core().compile_model(path, 'CPU', settings)
    return lambda image: model(image)[0]
