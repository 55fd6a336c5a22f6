"""Tests a checkpoint: ``python tools/test.py CONFIG CHECKPOINT``."""

import argparse

from mmengine.config import Config
from mmengine.runner import Runner

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.engine.launch import (
    add_common_arguments,
    leave_process_group,
    load_config,
)


def parse_args() -> argparse.Namespace:
    """Arguments of MMSeg's ``tools/test.py``."""
    parser = argparse.ArgumentParser(description='Test a segmentor')
    add_common_arguments(parser)
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out', help='folder for the predicted label maps')
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


def test(args: argparse.Namespace) -> None:
    """Build the runner and test."""
    cfg = load_config(args, ('test_dataloader',))
    cfg.load_from = args.checkpoint
    if args.show or args.show_dir:
        draw_predictions(cfg, args)
    if args.tta:
        cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
        cfg.model = dict(**cfg.tta_model, module=cfg.model)
    if args.out:
        cfg.test_evaluator.update(output_dir=args.out, keep_results=True)
    Runner.from_cfg(cfg).test()


if __name__ == '__main__':
    test(parse_args())
    leave_process_group()
