"""Export of a checkpoint to the files of one form."""

from pathlib import Path
from shutil import move
from tempfile import TemporaryDirectory

from mmseg.models.segmentors import EncoderDecoder

from ..class_branch import build_class_branch
from .checks import Outcome
from .network import ExportedNetwork, ExportOptions
from .onnx_file import write_onnx
from .openvino_model import write_openvino
from .plain import write_plain
from .torch_program import write_torch

SUFFIXES = dict(
    mmseg=('.py', '.pth'),
    onnx=('.onnx',),
    openvino=('.xml', '.bin'),
    torch=('.pt2',),
)
"""The files that are written for each form."""


def export_model(
    config: str,
    checkpoint: str,
    target: str,
    out: Path,
    options: ExportOptions = ExportOptions(),  # noqa: B008  (frozen)
    force: bool = False,
) -> tuple[list[Path], Outcome | None]:
    """Write the class branch of a checkpoint; what is wrong is not written.

    Args:
        config: Config file of the recipe.
        checkpoint: Checkpoint of the recipe or of its baseline.
        target: A key of ``SUFFIXES``.
        out: Folder of the files, which are named after the config.
        options: What the network takes and gives; not for ``mmseg``.
        force: Whether to overwrite files.

    Returns:
        The files, and how they compare with PyTorch (``mmseg``: None, the
        model is the same to the bit).

    Raises:
        ValueError: If files exist, a package is missing, or the model cannot
            be exported.
    """
    paths = [out / f'{Path(config).stem}{end}' for end in SUFFIXES[target]]
    if not force:
        refuse_existing(paths)
    model = build_class_branch(config, checkpoint)
    with TemporaryDirectory() as folder:
        written = [Path(folder) / path.name for path in paths]
        outcome = _write(model, target, written, options)
        out.mkdir(parents=True, exist_ok=True)
        for source, path in zip(written, paths, strict=True):
            move(source, path)
    return paths, outcome


def refuse_existing(paths: list[Path]) -> None:
    """Refuse to overwrite files.

    Raises:
        ValueError: If one of them exists.
    """
    existing = [str(path) for path in paths if path.exists()]
    if existing:
        raise ValueError(
            f'{", ".join(existing)} would be overwritten: choose another '
            '--out, or add --force'
        )


def _write(
    model: EncoderDecoder,
    target: str,
    paths: list[Path],
    options: ExportOptions,
) -> Outcome | None:
    if target == 'mmseg':
        write_plain(model, *paths)
        return None
    network = ExportedNetwork(model, options)
    writers = dict(onnx=write_onnx, openvino=write_openvino, torch=write_torch)
    return writers[target](network, paths[0])
