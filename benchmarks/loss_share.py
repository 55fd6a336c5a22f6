"""Share of losses and gate in a step: ``python benchmarks/loss_share.py``.

Each part is timed where a real default step calls it, on the logits and
labels it gets there: value, and backward pass down to the logits. The device
is waited for before and after, which leaves no overlap to a part, so on a GPU
the shares are upper bounds. They are taken of a step without such stops,
from the same process. ``--save`` adds rows to ``benchmarks/results.csv``,
``--table`` prints the last ones as Markdown.
"""

import argparse
import contextlib
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from unittest.mock import patch

import _common
from train_step import ON_REQUEST, SETTINGS

WARM_UP = 5
"""Steps that do not count."""
STEP, ALL = 'whole step', 'all parts'


def main() -> None:
    """Measure and print, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    settings = SETTINGS | ON_REQUEST
    parser.add_argument('--model', default='small 128', choices=settings)
    parser.add_argument('--rounds', type=int, default=10)
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    _common.add_report_options(parser)
    args = parser.parse_args()
    settings = [args.model]
    _common.report(
        args, table, (measure(s, args.device, args.rounds) for s in settings)
    )


def measure(setting: str, device: str, rounds: int) -> list[dict]:
    """A row for the step and for each part of it."""
    from train_step_contenders import Step

    import mmseg_usrn  # noqa: F401

    recipe, *sizes = (SETTINGS | ON_REQUEST)[setting]
    step = Step(_common.ROOT / recipe, 'default', device, *sizes)
    if device == 'cuda':
        setting += ', cuda, tf32'
        step.vary('tf32')
    for _ in range(WARM_UP):
        step.seconds()
    found = {STEP: [step.seconds() for _ in range(rounds)]}
    with timed_parts(device) as seconds:
        step.seconds()  # kernels that are new to the process
        for _ in range(rounds):
            seconds.clear()
            step.seconds()
            seconds[ALL] = sum(seconds.values())
            for part, value in seconds.items():
                found.setdefault(part, []).append(value)
    commit = _common.commit('HEAD') + ' (this tree)' * _common.is_changed()
    return [
        _common.result_row('loss_share', part, setting, commit, values)
        for part, values in found.items()
    ]


@contextlib.contextmanager
def timed_parts(device: str) -> Iterator[dict[str, float]]:
    """Seconds of each part, added up while the block runs."""
    from mmseg_usrn.models.decode_heads import dual_head
    from mmseg_usrn.models.segmentors import semi_supervised, usrn

    head_losses = sys.modules['mmseg_usrn.models.losses.head_losses']

    seconds: dict[str, float] = defaultdict(float)
    parts = (
        (head_losses, 'plain_losses', 'losses of labeled images'),
        (dual_head, 'plain_losses', 'losses of labeled images'),
        (usrn.USRN, 'get_subclass_labels', 'subclass labels'),
        (usrn, 'make_pseudo_labels', 'gate and pseudo labels'),
        (usrn, 'masked_cross_entropy', 'losses of unlabeled images'),
        (
            semi_supervised,
            'masked_cross_entropy',
            'losses of unlabeled images',
        ),
    )
    with contextlib.ExitStack() as stack:
        for owner, name, part in parts:
            function = timed(getattr(owner, name), device, seconds, part)
            stack.enter_context(patch.object(owner, name, function))
        yield seconds


def timed(
    function: Callable, device: str, seconds: dict[str, float], part: str
) -> Callable:
    """The function, run once more before: timed, on copies of the logits."""
    import torch
    from train_step_contenders import now

    def leaf(value):
        if isinstance(value, tuple):
            return tuple(map(leaf, value))
        if isinstance(value, torch.Tensor) and value.requires_grad:
            return value.detach().requires_grad_()
        return value

    def wrapped(*args):
        copies = [leaf(arg) for arg in args]
        started = now(device)
        result = function(*copies)
        losses = result.values() if isinstance(result, dict) else [result]
        total = [x for x in losses if getattr(x, 'requires_grad', False)]
        if total:
            sum(total).backward()
        seconds[part] += now(device) - started
        return function(*args)

    return wrapped


def table(rows: list[dict]) -> str:
    """The last rows of every setting as Markdown, with shares."""
    last = {
        (row['setting'], row['contender']): row
        for row in rows
        if row['benchmark'] == 'loss_share'
    }
    lines = [
        '| setting | part | commit | ms (IQR) | share |',
        '| --- | --- | --- | --- | --- |',
    ]
    for (setting, part), row in last.items():
        whole = float(last[setting, STEP]['seconds'])
        lines.append(
            f'| {setting} | {part} | {row["commit"]} | '
            f'{1e3 * float(row["seconds"]):.1f} '
            f'({1e3 * float(row["iqr"]):.1f}) | '
            f'{float(row["seconds"]) / whole:.1%} |'
        )
    return '\n'.join(lines)


if __name__ == '__main__':
    main()
