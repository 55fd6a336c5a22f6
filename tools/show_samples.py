"""Draws what a config trains on, after all augmentation.

Each row of the picture is one sample: labeled image, its labels, and the weak
and the strong view of an unlabeled image:

    python tools/show_samples.py CONFIG samples.png --rows 6
"""

import argparse
from pathlib import Path

import numpy as np
from endings import clear_endings
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmseg.registry import DATASETS

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.apis.outputs import check_outputs
from mmseg_usrn.config_file import read_config
from mmseg_usrn.datasets import PairedDataset
from mmseg_usrn.engine.run_config import add_options_argument, merge_options
from mmseg_usrn.visualization import (
    draw_segmentation,
    input_picture,
    plot_image_grid,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config with a PairedDataset')
    parser.add_argument(
        'out', type=Path, help='picture to write (without a suffix: .png)'
    )
    parser.add_argument('--rows', type=int, default=6, help='samples')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--force', action='store_true', help='overwrite the picture'
    )
    add_options_argument(parser)
    return parser.parse_args()


def draw_sample(item: dict, palette: list) -> dict[str, np.ndarray]:
    """Pictures of one item of a paired dataset, by title."""
    image = input_picture(item['inputs']['sup'])
    labels = item['data_samples']['sup'].gt_sem_seg.data[0].numpy()
    weak, strong = (
        item['inputs'][view][0] for view in ('unsup_weak', 'unsup_strong')
    )
    return {
        'labeled': image,
        'its labels': draw_segmentation(image, labels, palette),
        'unlabeled, weak': input_picture(weak),
        'unlabeled, strong': input_picture(strong),
    }


def main() -> None:
    """Draw the picture."""
    args = parse_args()
    with clear_endings():
        out = args.out if args.out.suffix else Path(f'{args.out}.png')
        check_outputs([out], args.force)
        dataset = dataset_of(args)
        palette = dataset.metainfo['palette']
        rows = [
            draw_sample(dataset[i % len(dataset)], palette)
            for i in range(args.rows)
        ]
        figure = plot_image_grid(rows, dataset.metainfo['classes'], palette)
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out)


def dataset_of(args: argparse.Namespace) -> PairedDataset:
    """What the config trains on.

    Raises:
        ValueError: If it is no paired dataset.
    """
    cfg = read_config(args.config)
    merge_options(cfg, args)
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    set_random_seed(args.seed)
    loader = cfg.get('train_dataloader') or {}
    settings = loader.get('dataset')
    dataset = DATASETS.build(settings) if settings else None
    if not isinstance(dataset, PairedDataset):
        raise ValueError(f'{args.config} has no PairedDataset to train on')
    return dataset


if __name__ == '__main__':
    main()
