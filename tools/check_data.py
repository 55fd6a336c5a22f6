"""Checks the data of a config.

    python tools/check_data.py configs/my.py

Looks at every image and mask, and lists all that is wrong. Ends with 1 if
there are errors, which training would refuse, too.
"""

import argparse
import sys
from pathlib import Path

from endings import clear_endings

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.config_file import read_config
from mmseg_usrn.data_check import CACHE_NAME, check_config
from mmseg_usrn.engine import config_checks
from mmseg_usrn.engine.run_config import (
    add_options_argument,
    check_entries,
    merge_options,
)

TRAINING = ('train_dataloader', 'val_dataloader')


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--work-dir',
        help='folder that keeps what was seen, so that training looks at '
        'changed files only (default: work_dirs/CONFIG_NAME)',
    )
    add_options_argument(parser)
    return parser.parse_args()


def main() -> int:
    """Check the data and print the table.

    Returns:
        The exit code.
    """
    args = parse_args()
    with clear_endings():
        cfg = read_config(args.config)
        merge_options(cfg, args)
        check_entries(cfg, args.config, TRAINING)
        config_checks.check_config(cfg, TRAINING)
        default = cfg.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
        work_dir = Path(args.work_dir or default)
        report = check_config(cfg, work_dir / CACHE_NAME)
    print(report.table())
    return 1 if report.errors else 0


if __name__ == '__main__':
    sys.exit(main())
