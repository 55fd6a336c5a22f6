"""Convert checkpoints between the original USRN code and this package.

    python tools/model_converters/usrn2mmseg.py best_model.pth converted.pth
    python tools/test.py configs/usrn/paper/paper_voc_1over32.py converted.pth

Baselines and USRN networks, ResNet-50 and -101, any number of classes and
subclasses. ``--to-original`` converts the other way.
"""

import argparse
import pickle
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor

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
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
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
        help="convert this package's checkpoint, from a source that you "
        "trust, to the original's format",
    )
    return parser.parse_args(argv)


def _numpy_scalars():
    """Let the safe reader accept NumPy scalars, e.g. the best mIoU."""
    if not hasattr(torch.serialization, 'safe_globals'):
        return nullcontext()
    scalar = np.float64(0).__reduce__()[0]
    names = ('numpy.core.multiarray.scalar', 'numpy._core.multiarray.scalar')
    dtypes = [type(np.dtype(t)) for t in ('f8', 'f4', 'i8', 'i4')]
    return torch.serialization.safe_globals(
        [(scalar, name) for name in names] + [np.dtype, *dtypes]
    )


def read_checkpoint(path: Path, trusted: bool = False) -> dict:
    """Read a checkpoint.

    Args:
        path: The file.
        trusted: Read it even if that may run code which it contains, as
            MMEngine reads its checkpoints: they hold a log beside weights.

    Returns:
        dict: With the key ``state_dict`` and whatever else the file holds.

    Raises:
        ValueError: If the file is missing, unreadable, unsafe, or no
            checkpoint.
    """
    if not path.is_file():
        raise ValueError(f'{path}: no such file')
    try:
        with _numpy_scalars():
            content = torch.load(
                path, map_location='cpu', weights_only=not trusted
            )
    except pickle.UnpicklingError as error:
        raise ValueError(
            f'{path} holds objects other than tensors and plain values, '
            'which could run code when read. If you trust its source, write '
            "a copy with the weights alone: torch.save({'state_dict': "
            "torch.load(FILE, weights_only=False)['state_dict']}, COPY). "
            f'The reader says: {error}'
        ) from error
    except (RuntimeError, EOFError, OSError) as error:
        raise ValueError(
            f'{path} is damaged or no checkpoint: {error}'
        ) from error
    if not isinstance(content, Mapping):
        raise ValueError(f'{path} holds a {type(content).__name__}, no dict')
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
        checkpoint = read_checkpoint(args.input, trusted=args.to_original)
        if args.to_original:
            result = convert_back(checkpoint)
        else:
            result = convert(checkpoint, args.subclasses_per_class)
    except ValueError as error:
        raise SystemExit(f'{args.input}: {error}') from error
    args.output.parent.mkdir(parents=True, exist_ok=True)
    torch.save(result, args.output)
    depth, kind = describe(without_ddp_prefix(result['state_dict']))
    print(
        f'{args.output}: {kind}, ResNet-{depth}, '
        f'{len(result["state_dict"])} tensors'
    )


if __name__ == '__main__':
    main()
