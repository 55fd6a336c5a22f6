"""Writes configs for own images: ``python tools/new_dataset.py --help``."""

import argparse
import os
import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.registry import init_default_scope

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.data_check import DataReport
from mmseg_usrn.data_check.suggestions import OwnData, find_mask_suffix
from mmseg_usrn.datasets.palette import check_classes, load_classes
from mmseg_usrn.datasets.splits import read_split

# Configs lie beside the tools, in a checkout and in an installed package.
CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
BASES = (
    '_base_/datasets/folder.py',
    '_base_/schedules/sgd_40k.py',
    '_base_/default_runtime.py',
)
LINE_LENGTH = 79
BASELINE = """\
# The stock model on the labeled images alone: same budget, same augmentation.
_base_ = './{name}'
model = dict(type='EncoderDecoder')
train_dataloader = dict(
    dataset=dict(_delete_=True, **_base_.train_dataloader.dataset.labeled)
)
custom_hooks = []
"""


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(
        description='Look at own images and masks, check them, and write a '
        'config that trains on them, and that of its supervised baseline. '
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
    add(
        '--out',
        required=True,
        metavar='FILE.py',
        help='config to write; the baseline becomes FILE_baseline.py',
    )
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
    for path in (Path(args.out), baseline_path(args.out)):
        if path.exists() and not args.force:
            raise ValueError(
                f'{path} exists; choose another name, or overwrite it with '
                '--force'
            )


def baseline_path(out: str) -> Path:
    """Where the config of the baseline stands."""
    return Path(out).with_name(f'{Path(out).stem}_baseline.py')


def read_classes(names: list[str]) -> dict:
    """Class names and palette from the command line or a file."""
    if len(names) == 1 and Path(names[0]).is_file():
        return load_classes(names[0])
    return check_classes(dict(classes=names), '--classes')


def find_parts(args: argparse.Namespace) -> dict[str, dict]:
    """Settings of the datasets that follow from the folders."""
    stems = args.labeled_list and read_split(args.labeled_list)
    labeled = folder_settings(args.labeled_images, args.labeled_masks, stems)
    if args.labeled_list:
        labeled['ann_file'] = args.labeled_list
    folders = args.unlabeled_images
    here = os.path.realpath(args.labeled_images)
    others = [f for f in folders if os.path.realpath(f) != here]
    exclude = len(others) < len(folders)
    if others and not args.labeled_list:  # all images of the folder left out
        folders, exclude = others, False
    unlabeled = dict(
        data_prefix=dict(img_path=folders[0] if len(folders) == 1 else folders)
    )
    if exclude:
        unlabeled['exclude'] = args.labeled_list or args.labeled_images
    parts = dict(labeled=labeled, unlabeled=unlabeled)
    if args.val_images:
        parts['val'] = folder_settings(args.val_images, args.val_masks)
    return parts


def folder_settings(images: str, masks: str, stems=None) -> dict:
    """Settings of a labeled dataset that follow from its folders."""
    settings = dict(data_prefix=dict(img_path=images, seg_map_path=masks))
    suffix = find_mask_suffix(images, masks, stems)
    if suffix:
        settings['seg_map_suffix'] = suffix
    return settings


def main() -> int:
    """Look, check, write.

    Returns:
        The exit code.
    """
    args = parse_args()
    init_default_scope('mmseg')
    try:
        check_args(args)
        data = OwnData(read_classes(args.classes), find_parts(args))
        text = config_text(args, data)
    except ValueError as error:
        print(f'new_dataset.py: {error}', file=sys.stderr)
        return 1
    print(data.report.table())
    print_pixels(data.report)
    if data.report.errors:
        print('No config was written. Mend the errors and run this again.')
        return 1
    out = Path(args.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding='utf-8')
    baseline = baseline_path(args.out)
    baseline.write_text(BASELINE.format(name=out.name), encoding='utf-8')
    Config.fromfile(baseline)
    print(f'{out} and {baseline} are written.')
    print(f'Next: python tools/train.py {out}')
    return 0


def print_pixels(report: DataReport) -> None:
    """Print the share of every class in the labeled pixels."""
    total = sum(report.pixels.values())
    for name, pixels in report.pixels.items():
        if total:
            print(f'{100 * pixels / total:6.2f} % {name}')


def config_text(args: argparse.Namespace, data: OwnData) -> str:
    """The whole config as Python text."""
    counts = ', '.join(f'{n} {part}' for part, n in data.report.counts.items())
    bases = ''.join(f'    {base!r},\n' for base in find_bases(args))
    return f"""\
# {counts} images; {len(data.meta['classes'])} classes.
# Written by tools/new_dataset.py; see docs/own_data.md.
_base_ = [
{bases}]
# The masks hold the {data.note}.
labels = dict(
{as_lines(data.labels, 4)})
# These follow from the size of the images, in pixels.
crop_size = {data.crop_size}
resize = dict(_base_.resize, scale={data.scale})
test_pipeline = [
    *{loading(data, 'load_test')},
    dict(type='Resize', scale={data.scale}, keep_ratio=True),
    *_base_.end_test,
]
data_preprocessor = dict(size=crop_size)
model = dict(
    type='USRN',
    data_preprocessor=data_preprocessor,
{heads(args.model, len(data.meta['classes']))})
train_dataloader = dict(
    dataset=dict(
        labeled=dict(
            **labels,
{as_lines(data.parts['labeled'], 12)}            pipeline=[
                *{loading(data, 'load_labeled')},
                resize,
                dict(
                    type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75
                ),
                *_base_.end_labeled,
            ],
        ),
        unlabeled=dict(
{as_lines(data.parts['unlabeled'], 12)}            pipeline=[
                *{loading(data, 'load_unlabeled')},
                resize,
                dict(type='RandomCrop', crop_size=crop_size),
                *_base_.end_unlabeled,
            ],
        ),
        feature_pipeline=test_pipeline,
    )
)
{validation(data)}"""


def find_bases(args: argparse.Namespace) -> list[str]:
    """Paths of the inherited configs, as seen from the new one."""
    folder = Path(args.out).resolve().parent
    model = args.model
    if '::' not in model:
        model = Path(os.path.relpath(model, folder)).as_posix()
    bases = [CONFIGS / base for base in BASES]
    if folder.is_relative_to(CONFIGS.parent):
        bases = [Path(os.path.relpath(base, folder)) for base in bases]
    return [model, *(base.as_posix() for base in bases)]


def as_lines(settings: dict, indent: int) -> str:
    """Settings as the arguments of a call, one a line, long ones broken up."""
    pad = ' ' * indent
    lines = ''
    for key, value in settings.items():
        line = f'{pad}{key}={as_text(value)},\n'
        if len(line) > LINE_LENGTH + 1 and isinstance(value, dict):
            line = f'{pad}{key}=dict(\n{as_lines(value, indent + 4)}{pad}),\n'
        elif len(line) > LINE_LENGTH + 1 and isinstance(value, (list, tuple)):
            items = ''.join(f'{pad}    {item!r},\n' for item in value)
            line = f'{pad}{key}=[\n{items}{pad}],\n'
        lines += line
    return lines


def as_text(value: object) -> str:
    """A value as config text: ``dict(key=value)`` where that is possible."""
    if isinstance(value, dict) and all(isinstance(k, str) for k in value):
        inside = ', '.join(f'{k}={as_text(v)}' for k, v in value.items())
        return f'dict({inside})'
    return repr(value)


def loading(data: OwnData, name: str) -> str:
    """The loading steps of a pipeline."""
    if not data.max_value:
        return f'_base_.{name}'
    deep = f"dict(type='LoadDeepImage', max_value={data.max_value})"
    return f'[{deep}, *_base_.{name}[1:]]'


def heads(model: str, num_classes: int) -> str:
    """Lines that set the number of classes of every head."""
    read = get_config if '::' in model else Config.fromfile
    config = read(model).model
    lines = ''
    for name in ('decode_head', 'auxiliary_head'):
        head = config.get(name)
        if isinstance(head, (list, tuple)):
            lines += (
                f'    {name}=[\n'
                f'        dict(head, num_classes={num_classes})\n'
                f'        for head in _base_.model.{name}\n'
                '    ],\n'
            )
        elif head:
            lines += f'    {name}=dict(num_classes={num_classes}),\n'
    return lines


def validation(data: OwnData) -> str:
    """Text of the validation part, which is also that of the test."""
    if 'val' in data.parts:
        return f"""\
val_dataloader = dict(
    dataset=dict(
        **labels,
{as_lines(data.parts['val'], 8)}        pipeline=test_pipeline,
    )
)
test_dataloader = val_dataloader
"""
    return """\
# Without validation images there is nothing to measure.
val_cfg = val_dataloader = val_evaluator = None
test_cfg = test_dataloader = test_evaluator = None
default_hooks = dict(checkpoint=dict(save_best=None))
"""


if __name__ == '__main__':
    sys.exit(main())
