r"""Exports a trained model.

    python tools/export.py configs/my.py work_dirs/my/iter_40000.pth \
        --to onnx --out exported

Forms:
  mmseg     config and checkpoint of MMSegmentation, without this package,
            and a model card
  onnx      compared in ONNX Runtime
  openvino  compared in OpenVINO, at float32
  torch     torch.export (.pt2), read by PyTorch without source code

It is the class branch alone, with the cost of the stock model. A network is
compared with PyTorch, at three other sizes than the one that it is recorded
with, before the file is written. Where it is right at one size only, the file
has that size, and a line says so.
"""

import argparse
from pathlib import Path

from endings import clear_endings

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.apis.export import (
    FILES,
    ExportOptions,
    Outcome,
    export_model,
)
from mmseg_usrn.engine.run_config import add_trust_argument


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('config', help='config file of the recipe')
    add('checkpoint', help='checkpoint of the recipe or of its baseline')
    add('--to', choices=FILES, required=True, help='form, see above')
    add('--out', type=Path, required=True, help='folder for the files')
    add(
        '--size',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help='size of a file that takes one size (default: the crop size)',
    )
    add('--fixed-size', action='store_true', help='take that size alone')
    add(
        '--with-preprocessing',
        action='store_true',
        help='take images as they are loaded (BGR, 0 to 255) and normalise '
        'them inside',
    )
    add('--argmax', action='store_true', help='give class indices, not logits')
    add(
        '--license',
        default='unknown',
        help="licence of the weights, for mmseg's model card, as model hubs "
        'write it: cc-by-4.0 (default: %(default)s)',
    )
    add('--force', action='store_true', help='overwrite files')
    add_trust_argument(parser)
    return parser.parse_args()


def describe(outcome: Outcome) -> str:
    """How the network was exported, in words."""
    shapes = ', '.join('x'.join(map(str, shape)) for shape in outcome.shapes)
    lines = [
        f'largest difference to PyTorch {outcome.difference:.1g} of the '
        f'largest logit, for images {shapes}'
    ]
    batch = 'any batch' if outcome.dynamic.batch else 'batches of one image'
    size = 'the recorded size only'
    if outcome.dynamic.size:
        multiple = outcome.dynamic.multiple
        size = f'sizes that {multiple} divides' if multiple > 1 else 'any size'
    lines.append(f'takes {batch}, {size}')
    if outcome.reason:
        lines.append(f'why no more: {outcome.reason}')
    return '\n'.join(lines)


def main() -> None:
    """Export, and say how it went."""
    args = parse_args()
    options = ExportOptions(
        size=tuple(args.size) if args.size else None,
        preprocessing=args.with_preprocessing,
        argmax=args.argmax,
        any_size=not args.fixed_size,
    )
    with clear_endings():
        if args.to == 'mmseg' and options != ExportOptions():
            raise ValueError(
                '--to mmseg takes no --size, --fixed-size, '
                '--with-preprocessing or --argmax: MMSegmentation does all '
                'of it'
            )
        paths, outcome = export_model(
            args.config,
            args.checkpoint,
            args.to,
            args.out,
            options,
            license_name=args.license,
            force=args.force,
            trust=args.trust_checkpoint,
        )
    if outcome:
        print(describe(outcome))
    print('written:', *paths)


if __name__ == '__main__':
    main()
