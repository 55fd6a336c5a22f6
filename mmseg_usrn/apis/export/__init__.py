"""Trained models in the forms that others take."""

from .checks import Outcome
from .export import FILES, export_model
from .network import ExportedNetwork, ExportOptions
from .onnx_file import load_onnx, write_onnx
from .openvino_model import load_openvino, write_openvino
from .plain import plain_config, write_plain
from .torch_program import load_torch, write_torch

__all__ = [
    'FILES',
    'ExportOptions',
    'ExportedNetwork',
    'Outcome',
    'export_model',
    'load_onnx',
    'load_openvino',
    'load_torch',
    'plain_config',
    'write_onnx',
    'write_openvino',
    'write_plain',
    'write_torch',
]
