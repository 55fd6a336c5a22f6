r"""Writes one HTML file about a trained model.

    python tools/report.py work_dirs/my --baseline work_dirs/my_baseline

The model of the run's best checkpoint, else of its newest one, is evaluated
on the validation images. The file needs no server and no network.
"""

import argparse
from pathlib import Path

from endings import clear_endings
from mmengine.device import get_device
from predicting import show_progress

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.apis.outputs import check_outputs
from mmseg_usrn.apis.report import read_run, write_report
from mmseg_usrn.engine.run_config import add_trust_argument


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('work_dir', type=Path, help='work dir of a training')
    add('--baseline', type=Path, help='work dir of another one, to compare')
    add(
        '--unlabeled-masks',
        metavar='DIR',
        help='masks of unlabeled images, named like these: the page says how '
        'right the pseudo labels are',
    )
    add('--out', type=Path, help='default: WORK_DIR/report.html')
    add('--device', default=get_device(), help='default: %(default)s')
    add('--force', action='store_true', help='overwrite the file')
    add_trust_argument(parser)
    return parser.parse_args()


def main() -> None:
    """Read the runs, evaluate, write."""
    args = parse_args()
    out = args.out or args.work_dir / 'report.html'
    with clear_endings():
        if out.is_dir():
            raise ValueError(f'--out {out} is a folder: name a file')
        run = read_run(args.work_dir)
        check_outputs([out], args.force)
        baseline = read_run(args.baseline) if args.baseline else None
        write_report(
            run,
            out,
            baseline,
            args.device,
            args.trust_checkpoint,
            show_progress,
            args.unlabeled_masks,
        )
        print(f'report in {out}')


if __name__ == '__main__':
    main()
