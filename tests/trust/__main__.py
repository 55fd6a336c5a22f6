"""What a run must withstand, tried one by one.

    python -m tests.trust                  # everything, as `make trust`
    python -m tests.trust resume kills     # a part of it

Prints a line for each case: what is done, what is expected, what is seen.
"""

import argparse
import sys
from importlib import import_module

from tests.trust.table import run_groups

PARTS = ('resume', 'kills', 'signals', 'memory', 'wrong_inputs')


def main() -> int:
    """Run the parts that are asked for.

    Returns:
        The exit code: 1 if something is not as expected.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('parts', nargs='*', choices=[*PARTS, []])
    parser.add_argument('--jobs', type=int, default=2)
    args = parser.parse_args()
    groups = [
        group
        for part in args.parts or PARTS
        for group in import_module(f'tests.trust.{part}').groups()
    ]
    return int(run_groups(groups, args.jobs) > 0)


if __name__ == '__main__':
    sys.exit(main())
