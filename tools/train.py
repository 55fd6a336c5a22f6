"""Trains a segmentor: ``python tools/train.py CONFIG``."""

import argparse

from mmengine.device import get_device
from mmengine.runner import Runner

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.data_check import check_before_training
from mmseg_usrn.engine import check_clustering_planned
from mmseg_usrn.engine.launch import (
    add_common_arguments,
    expect_frozen_teacher,
    leave_process_group,
    load_config,
    resume_earlier_run,
    warn_about_earlier_run,
)


def parse_args() -> argparse.Namespace:
    """Arguments of MMSeg's ``tools/train.py``."""
    parser = argparse.ArgumentParser(description='Train a segmentor')
    add_common_arguments(parser)
    parser.add_argument(
        '--resume',
        action='store_true',
        help='continue from the latest checkpoint in the work dir, if any',
    )
    parser.add_argument(
        '--amp', action='store_true', help='train in mixed precision'
    )
    return parser.parse_args()


def train(args: argparse.Namespace) -> None:
    """Check the data, build the runner and train."""
    cfg = load_config(args)
    cfg.resume = False
    if args.resume:
        resume_earlier_run(cfg)
    warn_about_earlier_run(cfg)
    if args.amp:
        if get_device() == 'cpu':
            raise SystemExit('error: --amp needs a GPU; leave it out on CPU')
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    runner = Runner.from_cfg(cfg)
    expect_frozen_teacher(runner.logger)
    try:
        check_clustering_planned(runner)
        check_before_training(runner.cfg)
    except ValueError as error:
        raise SystemExit(f'error: {error}') from None
    runner.train()


if __name__ == '__main__':
    train(parse_args())
    leave_process_group()
