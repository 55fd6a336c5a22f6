"""Writes a config for own images: ``python tools/new_dataset.py --help``."""

import argparse
import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.data_check import DataReport, make_report
from mmseg_usrn.data_check.folders import (
    Folders,
    build_datasets,
    find_parts,
)
from mmseg_usrn.data_check.new_config import config_text
from mmseg_usrn.data_check.scan import scan
from mmseg_usrn.data_check.suggestions import apply_settings, suggest_settings
from mmseg_usrn.datasets.class_names import load_classes
from mmseg_usrn.datasets.palette import check_classes

# Configs lie beside the tools, in a checkout and in an installed package.
CONFIGS = Path(__file__).resolve().parents[1] / 'configs'


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(
        description='Look at own images and masks, check them, and write a '
        'config that trains on them. '
        'Nothing is written if the data have errors; all of them are listed.'
    )
    add = parser.add_argument
    add('--labeled-images', required=True, metavar='DIR')
    add(
        '--labeled-masks',
        required=True,
        metavar='DIR',
        help='masks of the labeled images, of the same names',
    )
    add(
        '--labeled-list',
        metavar='FILE',
        help='names of the labeled images, one a line (default: all of DIR)',
    )
    add('--unlabeled-images', required=True, nargs='+', metavar='DIR')
    add('--val-images', metavar='DIR')
    add('--val-masks', metavar='DIR')
    add(
        '--classes',
        required=True,
        nargs='+',
        metavar='NAME',
        help='names of the classes in the order of their values, or one '
        'JSON, YAML or text file with them',
    )
    add(
        '--model',
        default='mmseg::_base_/models/deeplabv3plus_r50-d8.py',
        help='config of any MMSeg model (default: %(default)s)',
    )
    add('--out', required=True, metavar='FILE.py', help='config to write')
    add('--force', action='store_true', help='overwrite an existing config')
    return parser.parse_args()


def check_args(args: argparse.Namespace) -> None:
    """Refuse arguments that cannot be meant.

    Raises:
        ValueError: If half of the validation part is given, or the config
            exists.
    """
    if bool(args.val_images) != bool(args.val_masks):
        raise ValueError('give both of --val-images and --val-masks, or none')
    if Path(args.out).suffix != '.py':
        raise ValueError(f'--out must end in .py, got {args.out}')
    if Path(args.out).exists() and not args.force:
        raise ValueError(
            f'{args.out} exists; choose another name, or overwrite it with '
            '--force'
        )


def read_classes(names: list[str]) -> dict:
    """Class names and palette from the command line or a file."""
    if len(names) == 1 and Path(names[0]).is_file():
        return load_classes(names[0])
    return check_classes(dict(classes=names), '--classes')


def look(args: argparse.Namespace) -> tuple[str, DataReport]:
    """Look at the data.

    Returns:
        The text of the config, and what is wrong with the data.
    """
    check_args(args)
    meta = read_classes(args.classes)
    parts = find_parts(
        Folders(
            args.labeled_images,
            args.labeled_masks,
            args.unlabeled_images,
            args.labeled_list,
            args.val_images,
            args.val_masks,
        )
    )
    seen = scan(build_datasets(parts, meta))
    suggestion = suggest_settings(seen)
    apply_settings(seen, suggestion)
    report = make_report(seen)
    out = Path(args.out)
    text = config_text(
        args.model, CONFIGS, out, meta, parts, suggestion, report
    )
    return text, report


def main() -> int:
    """Look, check, write.

    Returns:
        The exit code.
    """
    args = parse_args()
    init_default_scope('mmseg')
    try:
        text, report = look(args)
    except ValueError as error:
        print(f'new_dataset.py: {error}', file=sys.stderr)
        return 1
    print(report.table())
    print_pixels(report)
    if report.errors:
        print('No config was written. Fix the errors and run this again.')
        return 1
    out = Path(args.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding='utf-8')
    Config.fromfile(out)
    print(f'{out} is written.')
    print(f'Next: python tools/train.py {out}')
    return 0


def print_pixels(report: DataReport) -> None:
    """Print the share of every class in the labeled pixels."""
    total = sum(report.pixels.values())
    for name, pixels in report.pixels.items():
        if total:
            print(f'{100 * pixels / total:6.2f} % {name}')


if __name__ == '__main__':
    sys.exit(main())
