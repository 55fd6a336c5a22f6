"""Convert checkpoints between the original USRN code and this package.

    python tools/model_converters/usrn2mmseg.py best_model.pth converted.pth
    python tools/test.py configs/usrn/paper/paper_voc_1over32.py converted.pth

Baselines and USRN networks, ResNet-50 and -101, any number of classes and
subclasses. ``--to-original`` converts the other way.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from torch import Tensor

from mmseg_usrn.apis.outputs import check_outputs
from mmseg_usrn.engine.run_config import add_trust_argument
from mmseg_usrn.models.checkpoints import read_checkpoint
from mmseg_usrn.models.checkpoints.original import (
    describe,
    from_reference,
    to_reference,
    without_ddp_prefix,
)

PUBLISHED = (
    Path(__file__).resolve().parents[2] / 'configs/usrn/paper/_base_/runs.py'
)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('input', type=Path, help='checkpoint to convert')
    parser.add_argument('output', type=Path, help='file to write')
    parser.add_argument(
        '--subclasses-per-class',
        type=int,
        nargs='+',
        metavar='N',
        help='list that the USRN weights were trained with, one number a '
        'class; by default the published list of the same sum',
    )
    parser.add_argument(
        '--to-original',
        action='store_true',
        help="convert this package's checkpoint to the original's format",
    )
    parser.add_argument(
        '--force', action='store_true', help='overwrite the output'
    )
    add_trust_argument(parser)
    return parser.parse_args(argv)


def read_weights(path: Path, trust: bool = False) -> dict:
    """Read a checkpoint, which must hold weights.

    Args:
        path: The file.
        trust: Read whatever is in it; it could run any program.

    Returns:
        dict: With the key ``state_dict`` and whatever else the file holds.

    Raises:
        ValueError: If the file is missing, broken, not trusted, or no
            checkpoint.
    """
    content = read_checkpoint(str(path), trust=trust)
    weights = content.get('state_dict', content)
    if not all(isinstance(v, Tensor) for v in weights.values()):
        raise ValueError(
            f"{path} has no weights: expected a 'state_dict' of tensors, "
            f'found the keys {", ".join(map(str, list(content)[:20]))}'
        )
    return {**content, 'state_dict': dict(weights)}


def published_list(weights: Mapping[str, Tensor]) -> list[int] | None:
    """Find the published list that fits USRN weights of the original.

    Returns:
        The list of as many classes and the same sum, or None.
    """
    weights = without_ddp_prefix(weights)
    sizes = [
        len(weights.get(f'{name}.1.bias', ()))
        for name in ('classifier', 'classifier_SubCls')
    ]
    for counts in Config.fromfile(PUBLISHED).published_subclasses.values():
        if [len(counts), sum(counts)] == sizes:
            return list(counts)
    return None


def convert(checkpoint: dict, subclasses_per_class: list[int] | None) -> dict:
    """Make a checkpoint of this package from one of the original."""
    weights = checkpoint['state_dict']
    counts = subclasses_per_class or published_list(weights)
    converted = from_reference(weights, counts)
    depth, kind = describe(converted)
    meta = {
        key: checkpoint[key]
        for key in ('arch', 'epoch', 'monitor_best')
        if key in checkpoint
    }
    return dict(
        meta=dict(kind=kind, depth=depth, **meta), state_dict=converted
    )


def convert_back(checkpoint: dict) -> dict:
    """Make a checkpoint of the original from one of this package."""
    weights = to_reference(checkpoint['state_dict'])
    kind = describe(weights)[1]
    meta = checkpoint.get('meta', {})
    return dict(
        arch=meta.get('arch', {'usrn': 'USRN', 'baseline': 'Baseline'}[kind]),
        epoch=meta.get('epoch', 0),
        state_dict={f'module.{k}': v for k, v in weights.items()},
        monitor_best=float(meta.get('monitor_best', 0)),
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Convert one file."""
    args = parse_args(argv)
    try:
        check_outputs([args.output], args.force)
        checkpoint = read_weights(args.input, args.trust_checkpoint)
        if args.to_original:
            result = convert_back(checkpoint)
        else:
            result = convert(checkpoint, args.subclasses_per_class)
        args.output.parent.mkdir(parents=True, exist_ok=True)
        torch.save(result, args.output)
    except (ValueError, OSError) as error:
        raise SystemExit(f'error: {error}') from error
    depth, kind = describe(without_ddp_prefix(result['state_dict']))
    print(
        f'{args.output}: {kind}, ResNet-{depth}, '
        f'{len(result["state_dict"])} tensors'
    )


if __name__ == '__main__':
    main()
