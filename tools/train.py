"""Trains a segmentor.

python tools/train.py configs/usrn/voc_1over32.py
python tools/train.py configs/usrn/voc_1over32.py --baseline
python tools/train.py configs/usrn/voc_1over32.py --resume
"""

import argparse

from endings import clear_endings
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmseg.registry import OPTIM_WRAPPERS

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.data_check import check_before_training
from mmseg_usrn.engine import BFloat16OptimWrapper
from mmseg_usrn.engine.config_checks.listing import is_a
from mmseg_usrn.engine.config_checks.places import find
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
    set_precision(cfg.optim_wrapper, args.amp, get_device())
    return cfg


def set_precision(wrapper: dict, mixed: bool, device: str) -> None:
    """Choose the wrapper that trains in mixed precision, in place.

    On a GPU it scales the losses of float16, on a CPU it takes bfloat16.

    Args:
        wrapper: The entry ``optim_wrapper`` of a config.
        mixed: Whether mixed precision is asked for (``--amp``).
        device: What is trained on.

    Raises:
        ValueError: If the wrapper cannot be replaced, or needs a GPU.
    """
    name = wrapper.setdefault('type', 'OptimWrapper')
    cls = find(OPTIM_WRAPPERS, name)
    name = getattr(cls, '__name__', name)
    if not mixed:
        needs_gpu = is_a(wrapper, OPTIM_WRAPPERS, 'AmpOptimWrapper')
        if device == 'cpu' and needs_gpu:
            raise ValueError(
                f'optim_wrapper.type={name!r} needs a GPU, and there is none: '
                'start with --amp, which trains in bfloat16 on a CPU, or set '
                "optim_wrapper.type='OptimWrapper' without loss_scale"
            )
        return
    if cls not in (OptimWrapper, AmpOptimWrapper, BFloat16OptimWrapper):
        raise ValueError(
            f'--amp would replace optim_wrapper.type={name!r} by a wrapper of '
            'its own: leave --amp out, or set '
            "optim_wrapper.type='OptimWrapper'"
        )
    if device == 'cpu':
        wrapper['type'] = 'BFloat16OptimWrapper'
        for key in ('loss_scale', 'dtype', 'use_fsdp'):
            wrapper.pop(key, None)
    elif cls is not BFloat16OptimWrapper:
        wrapper['type'] = 'AmpOptimWrapper'
        wrapper.setdefault('loss_scale', 'dynamic')


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
        check_before_training(runner.cfg)
        try_one_batch(runner)
        runner.train()
        del locks


if __name__ == '__main__':
    main()
    leave_process_group()
