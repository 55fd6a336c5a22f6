"""Export of a checkpoint to the files of one form."""

from pathlib import Path
from shutil import move
from tempfile import TemporaryDirectory

from ..class_branch import build_class_branch
from ..outputs import check_outputs
from .card import model_card, validation_scores
from .checks import Outcome
from .network import ExportedNetwork, ExportOptions
from .onnx_file import write_onnx
from .openvino_model import write_openvino
from .plain import write_plain
from .torch_program import write_torch

FILES = dict(
    mmseg=('{}.py', '{}.pth', 'README.md'),
    onnx=('{}.onnx',),
    openvino=('{}.xml', '{}.bin'),
    torch=('{}.pt2',),
)
"""The files that are written for each form."""
WRITERS = dict(onnx=write_onnx, openvino=write_openvino, torch=write_torch)


def export_model(
    config: str,
    checkpoint: str,
    target: str,
    out: Path,
    options: ExportOptions = ExportOptions(),  # noqa: B008  (frozen)
    license_name: str = 'unknown',
    force: bool = False,
    trust: bool = False,
) -> tuple[list[Path], Outcome | None]:
    """Write the class branch of a checkpoint; what is wrong is not written.

    Args:
        config: Config file of the recipe.
        checkpoint: Checkpoint of the recipe or of its baseline.
        target: A key of ``FILES``.
        out: Folder of the files, which are named after the config.
        options: What the network takes and gives; not for ``mmseg``.
        license_name: Licence of the weights, for the model card.
        force: Whether to overwrite files.
        trust: Read whatever the checkpoint holds.

    Returns:
        The files, and how they compare with PyTorch (``mmseg``: None, the
        model is the same to the bit).

    Raises:
        ValueError: If files exist or cannot be written, a package is missing,
            or the model cannot be exported.
    """
    name = Path(config).stem
    paths = [out / file.format(name) for file in FILES[target]]
    check_outputs(paths, force)
    model = build_class_branch(config, checkpoint, trust=trust)
    with TemporaryDirectory() as folder:
        written = [Path(folder) / path.name for path in paths]
        if target == 'mmseg':
            outcome = None
            write_plain(model, *written[:2])
            scores = validation_scores(checkpoint, model.iteration)
            card = model_card(name, model, scores, license_name)
            written[2].write_text(card)
        else:
            network = ExportedNetwork(model, options)
            outcome = WRITERS[target](network, written[0])
        out.mkdir(parents=True, exist_ok=True)
        for source, path in zip(written, paths, strict=True):
            move(source, path)
    return paths, outcome
