"""Clusters the labeled images of a config with the features of a checkpoint.

Writes to OUT: ``subclass_table.pth`` (the buffers of the model's table),
``maps/NAME.png`` (the subclass of every labeled pixel; colours are shades of
the class) and ``summary.md``:

    python tools/cluster_subclasses.py CONFIG CHECKPOINT OUT

This is what ``SubclassReclusterHook`` does in training, with the same
functions; use it to look at subclasses. It can be started with torchrun.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import torch
from endings import clear_endings
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.dist import get_dist_info, init_dist, is_distributed
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from mmseg.registry import DATASETS, MODELS

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.apis.outputs import check_outputs
from mmseg_usrn.datasets import AddCellMap, PairedDataset
from mmseg_usrn.engine import extract_labeled_features, recluster
from mmseg_usrn.engine.distributed import leave_process_group
from mmseg_usrn.engine.run_config import add_common_arguments, load_config
from mmseg_usrn.models import USRN
from mmseg_usrn.models.checkpoints import load_weights
from mmseg_usrn.structures import IGNORED_SUBCLASS
from mmseg_usrn.visualization import save_indexed, subclass_palette

FILES = 'subclass_table.pth', 'summary.md', 'maps'


def parse_args() -> argparse.Namespace:
    """Arguments of the tool."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_common_arguments(parser)
    parser.add_argument(
        'checkpoint', help='of a USRN or of a stock model (the baseline)'
    )
    parser.add_argument('out', type=Path, help='folder for the results')
    parser.add_argument(
        '--subclasses',
        type=int,
        nargs='+',
        help='subclasses of every class (default: num_subclasses of the model '
        'in proportion to the labeled pixels)',
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--force', action='store_true', help='overwrite files')
    return parser.parse_args()


def build(cfg: Config, checkpoint: str) -> tuple[USRN, PairedDataset]:
    """The model with the checkpoint's weights and an empty table."""
    init_default_scope(cfg.default_scope)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    model = MODELS.build(cfg.model)
    if not isinstance(dataset, PairedDataset) or not isinstance(model, USRN):
        raise ValueError(
            'the config must have a USRN model and a PairedDataset, '
            'as configs/usrn/*.py'
        )
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    empty = model.subclass_table
    weights = CheckpointLoader.load_checkpoint(checkpoint, 'cpu', logger=None)
    load_weights(model, weights).check_class_branch(checkpoint)
    model.subclass_table = type(empty)(empty.num_classes, empty.num_subclasses)
    return model.to(device), dataset


def write_maps(model: USRN, dataset: PairedDataset, folder: Path) -> None:
    """One indexed PNG per labeled image, 255 where it is unlabeled."""
    labeled = dataset.labeled
    infos = [labeled.get_data_info(i) for i in range(len(labeled))]
    folders = {Path(info['img_path']).resolve().parent for info in infos}
    root = os.path.commonpath(folders)
    table = model.subclass_table.cpu()
    palette = subclass_palette(
        dataset.metainfo['palette'], table.subclass_to_class.tolist()
    )
    add_cells = AddCellMap(dataset.cell_stride)
    steps = labeled.pipeline.transforms
    load = Compose([t for t in steps if type(t).__name__.startswith('Load')])
    for index, info in enumerate(infos):
        sample = add_cells(load(info))
        classes = torch.from_numpy(sample['gt_seg_map'].astype(np.int64))
        classes[classes == model.decode_head.ignore_index] = -1
        subclasses = table.lookup(
            torch.tensor([index]),
            torch.from_numpy(sample['gt_cell_map'].astype(np.int64))[None],
            classes[None],
        )[0]
        ignored = 255 if len(palette) <= 255 else 65535
        subclasses[subclasses == IGNORED_SUBCLASS] = ignored
        name = Path(sample['img_path']).resolve().relative_to(root)
        path = (folder / name).with_suffix('.png')
        path.parent.mkdir(parents=True, exist_ok=True)
        save_indexed(subclasses.numpy(), palette, path)


def main() -> None:
    """Extract features, cluster, write."""
    args = parse_args()
    with clear_endings(args.launcher):
        cluster(args)


def cluster(args: argparse.Namespace) -> None:
    """Do the tool's work on every rank; the first one writes."""
    cfg = load_config(args)
    table, summary_file, maps = (args.out / name for name in FILES)
    check_outputs([table, summary_file, maps], args.force)
    if args.launcher != 'none' and not is_distributed():
        init_dist(args.launcher)
    model, dataset = build(cfg, args.checkpoint)
    labeled = extract_labeled_features(
        model, dataset.without_augmentation(), dataset.cell_stride
    )
    summary = recluster(
        model.subclass_table,
        labeled,
        args.subclasses,
        dataset.metainfo['classes'],
        args.seed,
    )
    if get_dist_info()[0] > 0:
        return
    print(summary)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.save(model.subclass_table.state_dict(), table)
    summary_file.write_text(
        f'# Subclasses of {len(dataset.labeled)} labeled images\n\n'
        f'Config {args.config}, features of {args.checkpoint}, seed '
        f'{args.seed}.\n\n```\n{summary}\n```\n'
    )
    write_maps(model, dataset, maps)


if __name__ == '__main__':
    main()
    leave_process_group()
