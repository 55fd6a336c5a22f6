"""Tests a checkpoint.

    python tools/test.py configs/usrn/voc_1over32.py CHECKPOINT.pth

The checkpoint of a baseline (``train.py --baseline``) is tested with the
config of its recipe.
"""

import argparse
from pathlib import Path

from endings import clear_endings
from mmengine.config import Config
from mmseg.registry import METRICS

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.apis.outputs import check_folder, refuse_existing
from mmseg_usrn.engine.config_checks.listing import (
    as_dicts,
    innermost_datasets,
)
from mmseg_usrn.engine.config_checks.places import find
from mmseg_usrn.engine.config_checks.signatures import parameters_of
from mmseg_usrn.engine.distributed import leave_process_group
from mmseg_usrn.engine.run_config import add_common_arguments, load_config
from mmseg_usrn.engine.safe_runner import SafeRunner
from mmseg_usrn.engine.tta import augmented_steps


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
    """Switch MMSeg's visualisation hook on.

    Raises:
        ValueError: If the config has no hook or no visualizer.
    """
    hook = (cfg.get('default_hooks') or {}).get('visualization')
    if hook is None or cfg.get('visualizer') is None:
        raise ValueError(
            '--show and --show-dir need default_hooks.visualization and '
            f'visualizer, which {args.config} does not have: take them from '
            'mmseg::_base_/default_runtime.py'
        )
    hook.update(draw=True, show=args.show, wait_time=args.wait_time)
    if args.show_dir:
        cfg.visualizer.save_dir = args.show_dir


def augment(cfg: Config, config: str) -> None:
    """Test augmented images, too, loaded as without augmentation.

    Args:
        cfg: The config of the test.
        config: Its file, for the message.

    Raises:
        ValueError: If it does not say how.
    """
    for name in ('tta_model', 'tta_pipeline'):
        if not cfg.get(name):
            raise ValueError(
                f'--tta needs {name}, which {config} does not have: add it, '
                'or leave --tta out'
            )
    for dataset in innermost_datasets(cfg.test_dataloader.dataset):
        steps = dataset.get('pipeline', [])
        dataset['pipeline'] = augmented_steps(cfg.tta_pipeline, steps)
    cfg.model = dict(**cfg.tta_model, module=cfg.model)


def save_label_maps(evaluator: dict | list, out: Path) -> None:
    """Let the first metric that can do it write the predicted label maps.

    Args:
        evaluator: The entry ``test_evaluator`` of a config.
        out: A folder.

    Raises:
        ValueError: If none can.
    """
    for metric in as_dicts(evaluator):
        cls = find(METRICS, metric.get('type'))
        if cls and 'output_dir' in parameters_of(cls)[0]:
            metric['output_dir'] = str(out)
            return
    raise ValueError(
        '--out: no metric of test_evaluator has an argument output_dir: add '
        "dict(type='ExactIoUMetric'), or leave --out out"
    )


def config_of(args: argparse.Namespace) -> Config:
    """The config of the test.

    Raises:
        ValueError: If the config does not exist or has nothing to test, or
            the folder for the label maps has files.
    """
    cfg = load_config(args, ('test_dataloader',))
    metrics = as_dicts(cfg.get('test_evaluator'))
    nothing = metrics and all(m.get('format_only') for m in metrics)
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
        augment(cfg, args.config)
    if args.out:
        check_folder(args.out)
        if any(args.out.glob('*')):
            refuse_existing([args.out], args.force)
        save_label_maps(cfg.test_evaluator, args.out)
    return cfg


def main() -> None:
    """Build the runner and test."""
    args = parse_args()
    with clear_endings(args.launcher):
        SafeRunner.from_cfg(config_of(args)).test()


if __name__ == '__main__':
    main()
    leave_process_group()
