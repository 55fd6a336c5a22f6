"""Share of waiting for data in a training: ``python benchmarks/data_time.py``.

``tools/train.py`` trains the VOC recipe, from random weights, on generated
JPEG images of 500x375 pixels; features of another random network are
clustered first, so that all steps are of labeled and unlabeled images. What
counts are MMEngine's ``time`` and ``data_time``, but for the first steps, in
which workers and kernels warm up. Writing the log counts as waiting, so lines
are as rare as in a real run. ``--save`` adds rows to
``benchmarks/results.csv``.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import _common

RECIPE = 'configs/usrn/voc_1over32.py'


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--iterations', type=int, default=60, help='counted')
    parser.add_argument('--warm-up', type=int, default=20, help='not counted')
    parser.add_argument('--workers', type=int, default=4)
    parser.add_argument('--batch', type=int, default=8, help='of each kind')
    parser.add_argument('--crop', type=int, default=320)
    parser.add_argument('--images', type=int, default=160)
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--save', action='store_true')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_voc(Path(folder), args.images)
        lines = train(Path(folder), args)
    setting = f'voc {args.crop}, batch {args.batch}, {args.workers} workers'
    setting += '' if args.device == 'cpu' else ', cuda'
    commit = _common.commit('HEAD') + ' (this tree)' * _common.is_changed()
    seconds = {
        name: statistics.mean(line[key] for line in lines)
        for name, key in (('iteration', 'time'), ('waiting', 'data_time'))
    }
    print(
        f'{setting}: {seconds["waiting"] / seconds["iteration"]:.1%} of the '
        f'time is waiting for data, {seconds["iteration"]:.3f} s an iteration'
    )
    if args.save:
        _common.save_rows(
            [
                _common.result_row('data_time', name, setting, commit, [mean])
                for name, mean in seconds.items()
            ]
        )


def make_voc(folder: Path, number: int) -> None:
    """Images, masks and lists in VOC's folders; an eighth is labeled."""
    import data

    data.NUM_IMAGES = number
    names = [str(index) for index in range(number)]
    images, masks = folder / 'JPEGImages', folder / 'SegmentationClassAug'
    images.mkdir()
    masks.mkdir()
    data.make_images(images)
    for mask in images.glob('*.png'):
        mask.rename(masks / mask.name)
    labeled = names[: number // 8]
    for file, part in (
        ('labeled.txt', labeled),
        ('unlabeled.txt', names[len(labeled) :]),
        ('val.txt', names[:2]),
    ):
        (folder / file).write_text('\n'.join(part) + '\n')


def write_recipe(path: Path, args: argparse.Namespace) -> None:
    """The recipe on the images beside it, for a few iterations."""
    length, data = args.warm_up + args.iterations, str(path.parent)
    interval = math.gcd(args.warm_up, args.iterations)
    path.write_text(f"""
_base_ = {str(_common.ROOT / RECIPE)!r}
crop_size = ({args.crop}, {args.crop})
model = dict(pretrained=None, data_preprocessor=dict(size=crop_size))
auto_scale_lr = dict(base_batch_size={args.batch})
train_dataloader = dict(
    num_workers={args.workers}, persistent_workers={args.workers > 0},
    dataset=dict(
        split_dir={data!r},
        labeled=dict(data_root={data!r}),
        unlabeled=dict(data_root={data!r}),
    ),
)
for part in (
    _base_.train_dataloader.dataset.labeled,
    _base_.train_dataloader.dataset.unlabeled,
):
    for step in part.pipeline:
        if step.type == 'RandomCrop':
            step.crop_size = crop_size
val_dataloader = dict(dataset=dict(
    data_root={data!r}, ann_file='val.txt',
    data_prefix=dict(seg_map_path='SegmentationClassAug'),
))
train_cfg = dict(max_iters={length}, val_interval={length})
param_scheduler = [dict(type='PolyLR', end={length}, by_epoch=False)]
default_hooks = dict(
    logger=dict(interval={interval}), pseudo_labels=dict(interval={length}),
    checkpoint=dict(interval={length}, save_best=None),
)
log_processor = dict(window_size={interval})
""")


def train(folder: Path, args: argparse.Namespace) -> list[dict]:
    """Means of a training of the recipe, line by line, after the warm-up."""
    write_recipe(folder / 'recipe.py', args)
    write_checkpoint(folder / 'features.pth')
    command = [sys.executable, str(_common.ROOT / 'tools/train.py')]
    command += [str(folder / 'recipe.py'), '--work-dir', str(folder / 'work')]
    command += ['--feature-checkpoint', str(folder / 'features.pth')]
    hidden = {} if args.device == 'cuda' else {'CUDA_VISIBLE_DEVICES': ''}
    with (folder / 'log.txt').open('w') as log:
        done = subprocess.run(
            command, stdout=log, stderr=log, env={**os.environ, **hidden}
        )
    if done.returncode:
        sys.exit((folder / 'log.txt').read_text()[-4000:])
    (scalars,) = (folder / 'work').glob('*/vis_data/scalars.json')
    lines = map(json.loads, scalars.read_text().splitlines())
    return [
        line
        for line in lines
        if 'data_time' in line and line['step'] > args.warm_up
    ]


def write_checkpoint(path: Path) -> None:
    """Random weights whose features vary from pixel to pixel."""
    import torch
    from inference_contenders import build_usrn
    from mmengine.config import Config
    from mmengine.registry import init_default_scope

    init_default_scope('mmseg')
    model = build_usrn(Config.fromfile(_common.ROOT / RECIPE))
    torch.save(dict(state_dict=model.state_dict()), path)


if __name__ == '__main__':
    main()
