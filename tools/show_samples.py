"""Draws what a config trains on, after all augmentation.

Each row of the picture is one sample: labeled image, its labels, and the weak
and the strong view of an unlabeled image:

    python tools/show_samples.py CONFIG samples.png --rows 6
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from endings import clear_endings
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmseg.registry import DATASETS

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.apis.outputs import refuse_existing
from mmseg_usrn.config_file import read_config
from mmseg_usrn.datasets import PairedDataset
from mmseg_usrn.engine.run_config import add_options_argument, merge_options
from mmseg_usrn.visualization import draw_segmentation, plot_image_grid


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config with a PairedDataset')
    parser.add_argument('out', type=Path, help='picture to write')
    parser.add_argument('--rows', type=int, default=6, help='samples')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--force', action='store_true', help='overwrite the picture'
    )
    add_options_argument(parser)
    return parser.parse_args()


def to_rgb(image: torch.Tensor) -> np.ndarray:
    """Turn a packed image, (3, H, W) BGR, into (H, W, 3) RGB."""
    return np.ascontiguousarray(image.flip(0).movedim(0, -1).numpy())


def draw_sample(item: dict, palette: list) -> dict[str, np.ndarray]:
    """Pictures of one item of a paired dataset, by title."""
    image = to_rgb(item['inputs']['sup'])
    labels = item['data_samples']['sup'].gt_sem_seg.data[0].numpy()
    return {
        'labeled': image,
        'its labels': draw_segmentation(image, labels, palette),
        'unlabeled, weak': to_rgb(item['inputs']['unsup_weak'][0]),
        'unlabeled, strong': to_rgb(item['inputs']['unsup_strong'][0]),
    }


def main() -> None:
    """Draw the picture."""
    args = parse_args()
    with clear_endings():
        dataset = dataset_of(args)
        refuse_existing([args.out], args.force)
        palette = dataset.metainfo['palette']
        rows = [
            draw_sample(dataset[i % len(dataset)], palette)
            for i in range(args.rows)
        ]
        figure = plot_image_grid(rows, dataset.metainfo['classes'], palette)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(args.out)


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
