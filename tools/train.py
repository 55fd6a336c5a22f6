"""Trains a segmentor.

python tools/train.py configs/usrn/voc_1over32.py
python tools/train.py configs/usrn/voc_1over32.py --baseline
python tools/train.py configs/usrn/voc_1over32.py --resume
"""

import argparse

from endings import clear_endings
from mmengine.config import Config
from mmengine.device import get_device

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.data_check import check_before_training
from mmseg_usrn.engine import check_clustering_planned
from mmseg_usrn.engine.distributed import leave_process_group, process_rank
from mmseg_usrn.engine.dry_run import try_one_batch
from mmseg_usrn.engine.preemption import end_with_launcher, stop_request
from mmseg_usrn.engine.pretrained import fetch_pretrained
from mmseg_usrn.engine.run_config import add_common_arguments, load_config
from mmseg_usrn.engine.safe_runner import SafeRunner
from mmseg_usrn.engine.work_dir import continue_or_refuse, lock_run


def parse_args() -> argparse.Namespace:
    """Arguments of MMSeg's ``tools/train.py``, and two more."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_common_arguments(parser)
    parser.add_argument(
        '--resume',
        action='store_true',
        help='continue from the latest checkpoint in the work dir, if any',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='train in mixed precision (on a CPU in bfloat16: docs/speed.md)',
    )
    parser.add_argument(
        '--baseline',
        action='store_true',
        help='train the stock model on the labeled images alone, with the '
        'budget of the recipe (in work_dirs/CONFIG_NAME_baseline)',
    )
    parser.add_argument(
        '--feature-checkpoint',
        metavar='FILE',
        help='cluster the features of this trained model once, before the '
        'training, instead of those of the model itself',
    )
    return parser.parse_args()


def config_of(args: argparse.Namespace) -> Config:
    """The config of the run.

    Raises:
        ValueError: If the arguments do not fit the config or the machine.
    """
    cfg = load_config(
        args,
        baseline=args.baseline,
        feature_checkpoint=args.feature_checkpoint,
    )
    if args.amp:
        if get_device() == 'cpu':
            cfg.optim_wrapper.type = 'BFloat16OptimWrapper'
        else:
            cfg.optim_wrapper.type = 'AmpOptimWrapper'
            cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    return cfg


def main() -> None:
    """Check the config and the data, build the runner and train."""
    args = parse_args()
    stop_request.listen()
    if args.launcher == 'pytorch':
        end_with_launcher()
    with clear_endings(args.launcher):
        cfg = config_of(args)
        locks = process_rank(args.launcher) == 0 and lock_run(cfg)
        continue_or_refuse(cfg, args.resume)
        runner = SafeRunner.from_cfg(cfg)
        fetch_pretrained(cfg.model)
        check_clustering_planned(runner)
        check_before_training(runner.cfg)
        try_one_batch(runner)
        runner.train()
        del locks


if __name__ == '__main__':
    main()
    leave_process_group()
