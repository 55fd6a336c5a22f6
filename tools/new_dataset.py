r"""Writes a config for own images.

    python tools/new_dataset.py --labeled-images LABELED \
        --labeled-masks MASKS --unlabeled-images UNLABELED \
        --classes background cat dog --out configs/my.py

docs/own_data.md shows the command for files of every kind.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.apis.outputs import check_outputs
from mmseg_usrn.data_check import DataReport
from mmseg_usrn.data_check.new_config import Network, config_text, read_model
from mmseg_usrn.data_check.options import (
    given_formats,
    read_classes,
    told_background,
)
from mmseg_usrn.data_check.own_data import (
    OwnData,
    Request,
    list_path,
    look_at_folders,
)
from mmseg_usrn.datasets.splits import parse_fraction, write_split
from mmseg_usrn.engine.run_config import add_trust_argument
from mmseg_usrn.engine.trial_run import time_sentence
from mmseg_usrn.models.checkpoints import protect_loading, read_checkpoint
from mmseg_usrn.models.segmentors.model_checks import refuse_cascade

# Configs lie beside the tools, in a checkout and in an installed package.
CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
STOCK = 'mmseg::_base_/models/deeplabv3plus_r50-d8.py'
LIGHT = Network(
    (CONFIGS / '_base_/light.py').as_posix(), schedule=None, batch_size=4
)


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='Nothing is written if the data have errors; all are listed.',
    )
    add_data(parser.add_argument_group('images and masks').add_argument)
    add_masks(
        parser.add_argument_group('where files do not tell').add_argument
    )
    add = parser.add_argument_group('model and output').add_argument
    add(
        '--model',
        default=STOCK,
        help='config of any MMSeg model, or light: one for CPUs, with few '
        'iterations (default: %(default)s)',
    )
    add('--weights', metavar='FILE', help='pretrained weights of the backbone')
    add_trust_argument(parser)
    add('--out', required=True, metavar='FILE.py', help='config to write')
    add('--force', action='store_true', help='overwrite an existing config')
    return parser.parse_args()


def add_data(add) -> None:
    """Add the arguments that say where images and masks are."""
    several = dict(nargs='+', metavar='DIR', default=[])
    add(
        '--labeled-images',
        required=True,
        **several,
        help='folder(s) of images with masks; images without one count as '
        'unlabeled, but not with --labeled-list',
    )
    add(
        '--labeled-masks',
        **several,
        help='folder(s) of their masks, or one file that has all of them '
        '(default: in or beside the folder of images)',
    )
    add(
        '--labeled-list',
        metavar='FILE',
        help='names of the labeled images, one a line (default: all of DIR)',
    )
    part = dict(metavar='N', default=None)
    add('--labeled-count', type=int, **part, help='label only N of them')
    add('--labeled-fraction', **part, help='or this share, such as 1/8')
    add('--seed', type=int, default=0, help='seed of that choice')
    add(
        '--unlabeled-images',
        **several,
        help='folder(s) of images to learn from',
    )
    add(
        '--val-images',
        **several,
        help='folder(s) of images to measure on; without them no IoU is known',
    )
    add('--val-masks', **several, help='as --labeled-masks')
    add(
        '--classes',
        nargs='+',
        metavar='NAME',
        default=[],
        help='names of the classes in the order of their values, or one file '
        'with them: text, CSV, JSON, YAML (default: as the masks name them)',
    )


def add_masks(add) -> None:
    """Add the arguments that say how masks and images are read."""
    add(
        '--mask-colors',
        nargs='+',
        metavar='R,G,B',
        help='colour of each class, or a labelmap.txt',
    )
    add(
        '--mask-threshold',
        nargs='+',
        type=float,
        metavar='VALUE',
        help='grey level from which a pixel is of the second class; with '
        'more classes, of the third, ...',
    )
    add(
        '--mask-files',
        metavar='TEMPLATE',
        help="masks of one file per class: '{stem}_{class}.png'",
    )
    add(
        '--mask-background',
        metavar='NAME',
        help='class of the pixels that no shape or file of a class covers; '
        'none if they have no label (default: the class called background)',
    )
    add(
        '--bands',
        nargs='+',
        type=int,
        metavar='N',
        default=[],
        help='bands of the images to use, counted from 0 (default: all)',
    )


def check_args(args: argparse.Namespace) -> None:
    """Refuse arguments that cannot be meant.

    Raises:
        ValueError: If masks have no images, two options contradict each
            other, or a file cannot be read or written.
    """
    if args.val_masks and not args.val_images:
        raise ValueError('give both of --val-images and --val-masks, or none')
    if args.labeled_count and args.labeled_fraction:
        raise ValueError('give --labeled-count or --labeled-fraction')
    if len(given_formats(args)) > 1:
        raise ValueError(f'give one of {", ".join(given_formats(args))}')
    out = Path(args.out)
    if out.suffix != '.py':
        raise ValueError(f'--out must end in .py, got {args.out}')
    if args.weights:
        read_checkpoint(args.weights, trust=args.trust_checkpoint)
    lists = (list_path(args.out, part) for part in ('labeled', 'unlabeled'))
    check_outputs([out, *map(Path, lists)], args.force)


def request_of(args: argparse.Namespace) -> Request:
    """What the arguments say of the data."""
    part = args.labeled_count
    if args.labeled_fraction:
        part = parse_fraction(args.labeled_fraction)
    formats = given_formats(args)
    return Request(
        out=args.out,
        labeled_images=args.labeled_images,
        labeled_masks=args.labeled_masks,
        unlabeled_images=args.unlabeled_images,
        labeled_list=args.labeled_list,
        val_images=args.val_images,
        val_masks=args.val_masks,
        meta=read_classes(args.classes, args.mask_colors),
        mask_format=next(iter(formats.values()), None),
        told=told_background(args),
        bands=args.bands,
        labeled_part=part,
        seed=args.seed,
        small=args.model == 'light',
    )


def network_of(args: argparse.Namespace) -> Network:
    """The model and the schedule that the arguments ask for."""
    model = args.model
    if model == 'light':
        return replace(LIGHT, weights=args.weights)
    refuse_cascade(read_model(model))
    if '::' not in model:
        model = Path(model).resolve().as_posix()
    return Network(model, weights=args.weights)


def main() -> int:
    """Look, check, write.

    Returns:
        The exit code.
    """
    args = parse_args()
    init_default_scope('mmseg')
    protect_loading(args.trust_checkpoint)
    try:
        return new_dataset(args)
    except (ValueError, OSError) as error:
        print(f'new_dataset.py: {error}', file=sys.stderr)
        return 1


def new_dataset(args: argparse.Namespace) -> int:
    """The work of :func:`main`.

    Raises:
        ValueError: If something is missing, or has to be told.
    """
    check_args(args)
    network = network_of(args)
    data = look_at_folders(request_of(args))
    text = config_text(data, network, CONFIGS)
    print(data.report.table())
    print_pixels(data.report)
    print(''.join(f'Note: {note}.\n' for note in data.notes), end='')
    if data.report.errors:
        print('No config was written. Fix the errors and run this again.')
        return 1
    write(Path(args.out), text, data)
    print_next_steps(args, 'val' in data.parts)
    return 0


def write(out: Path, text: str, data: OwnData) -> None:
    """Write the config, and the lists that it names."""
    out.parent.mkdir(parents=True, exist_ok=True)
    for part, names in data.lists.items():
        write_split(list_path(str(out), part), names)
    out.write_text(text, encoding='utf-8')
    Config.fromfile(out)
    files = [out]
    for part in data.lists:
        files.append(out.with_name(Path(list_path(str(out), part)).name))
    print(f'Written: {", ".join(map(str, files))}')


def print_pixels(report: DataReport) -> None:
    """Print the share of every class in the labeled pixels."""
    total = sum(report.pixels.values())
    for name, pixels in report.pixels.items():
        if total:
            print(f'{100 * pixels / total:6.2f} % {name}')


def print_next_steps(args: argparse.Namespace, tests: bool) -> None:
    """Print the commands that follow, and how long the training takes."""
    out, name = args.out, Path(args.out).stem
    trust = ' --trust-checkpoint' if args.trust_checkpoint else ''
    print(f'Next: python tools/train.py {out}{trust}')
    checkpoint = f'work_dirs/{name}/CHECKPOINT.pth'
    if tests:
        print(f'Then: python tools/test.py {out} {checkpoint}')
    print(f'Then: python tools/predict.py {out} {checkpoint} IMAGES --out DIR')
    if args.model == 'light':
        print('Measuring a few iterations ...', flush=True)
        print(time_sentence(out))
    elif not torch.cuda.is_available():
        print(
            'There is no GPU: this training would take days. --model light '
            'writes one for CPUs.'
        )


if __name__ == '__main__':
    sys.exit(main())
