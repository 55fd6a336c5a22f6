"""Tests a checkpoint.

    python tools/test.py configs/usrn/voc_1over32.py CHECKPOINT.pth

The checkpoint of a baseline (``train.py --baseline``) is tested with the
config of its recipe.
"""

import argparse
from pathlib import Path

from endings import clear_endings
from mmengine.config import Config

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.apis.outputs import refuse_existing
from mmseg_usrn.engine.distributed import leave_process_group
from mmseg_usrn.engine.run_config import add_common_arguments, load_config
from mmseg_usrn.engine.safe_runner import SafeRunner


def parse_args() -> argparse.Namespace:
    """Arguments of MMSeg's ``tools/test.py``."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_common_arguments(parser)
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--out', type=Path, help='folder for the predicted label maps'
    )
    parser.add_argument(
        '--force', action='store_true', help='overwrite label maps in --out'
    )
    parser.add_argument(
        '--show', action='store_true', help='show the predictions'
    )
    parser.add_argument('--show-dir', help='folder for painted predictions')
    parser.add_argument(
        '--wait-time', type=float, default=2, help='seconds per image shown'
    )
    parser.add_argument(
        '--tta', action='store_true', help='augment the test images'
    )
    return parser.parse_args()


def draw_predictions(cfg: Config, args: argparse.Namespace) -> None:
    """Switch MMSeg's visualisation hook on."""
    hook = cfg.default_hooks.visualization
    hook.update(draw=True, show=args.show, wait_time=args.wait_time)
    if args.show_dir:
        cfg.visualizer.save_dir = args.show_dir


def config_of(args: argparse.Namespace) -> Config:
    """The config of the test.

    Raises:
        ValueError: If the config does not exist or has nothing to test, or
            the folder for the label maps has files.
    """
    cfg = load_config(args, ('test_dataloader',))
    evaluator = cfg.get('test_evaluator') or {}
    nothing = not isinstance(evaluator, list) and evaluator.get('format_only')
    if not cfg.get('test_dataloader') or (nothing and not args.out):
        raise ValueError(
            f'{args.config} has no images with masks to test on '
            '(test_dataloader): add some, or look at the predictions of a '
            'folder with tools/predict.py'
        )
    cfg.load_from = args.checkpoint
    if args.show or args.show_dir:
        draw_predictions(cfg, args)
    if args.tta:
        cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
        cfg.model = dict(**cfg.tta_model, module=cfg.model)
    if args.out:
        if args.out.is_file():
            raise ValueError(f'--out {args.out} is a file; name a folder')
        if any(args.out.glob('*')):
            refuse_existing([args.out], args.force)
        cfg.test_evaluator.update(output_dir=str(args.out))
    return cfg


def main() -> None:
    """Build the runner and test."""
    args = parse_args()
    with clear_endings(args.launcher):
        SafeRunner.from_cfg(config_of(args)).test()


if __name__ == '__main__':
    main()
    leave_process_group()
