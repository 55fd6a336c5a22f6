"""CPU time and memory of a training step: ``python benchmarks/train_step.py``.

Contenders, on the same network and images:

* ``plain``: the paper's mode as the paper reads, three passes with graphs and
  one backward, with up-sampled logits;
* ``paper``: the settings of ``configs/usrn/paper``;
* ``default``: the settings of the other recipes;
* ``stock``: MMSegmentation's supervised step on the labeled images.

Each is a process of its own; their steps alternate. Time is CPU time of a
step, preprocessing and optimiser included; memory is the peak above the
process before the model is built. On a GPU time is that of the clock, with
the GPU waited for after each step, and memory is that of the tensors.
``--compare REV`` runs another commit's ``default`` beside, ``--variant`` lets
all compute in TF32, in mixed precision, with channels last, or compiled; on a
GPU the last three in TF32, too. Rows go to ``benchmarks/results.csv`` with
``--save``; ``--table`` prints the last ones as Markdown.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import _common

SMALL, VOC = 'configs/usrn/camvid_1over8.py', 'configs/usrn/voc_1over32.py'
ADE20K = 'configs/usrn/ade20k_1over32.py'
SETTINGS = {
    'small 128': (SMALL, 128, 4),
    'small 256': (SMALL, 256, 4),
    'voc 160': (VOC, 160, 2),
    'voc 320': (VOC, 320, 2),
}
"""Recipe, crop, and images of each kind."""
ON_REQUEST = {
    f'{name} {data}, batch 1': (f'configs/usrn/{recipe}_{name}.py', crop, 1)
    for data, recipe, crop in (
        ('voc', 'voc_92', 518),
        ('cityscapes', 'cityscapes_1over16', 798),
    )
    for name in ('dinov2-s14', 'segformer_mit-b2', 'dinov2-b14')
} | {
    'demo': ('configs/usrn/demo.py', 64, 8),
    'voc 320, batch 8': (VOC, 320, 8),
    'ade20k 512, batch 2, 1,200 subclasses': (ADE20K, 512, 2, 1200),
    'small 512, batch 4, 1,200 subclasses': (SMALL, 512, 4, 1200),
}
"""Further settings, most of which take minutes and gigabytes. A fourth number
is that of the subclasses, if not the recipe's."""
VARIANTS = ('plain', 'tf32', 'amp', 'channels_last', 'compile')
CONTENDERS = ('plain', 'paper', 'default', 'stock')
STEPS_OF_A_TURN = 4
"""On a GPU, where a step is short."""


def main() -> None:
    """Measure, print the table, or serve as a measured process."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument(
        '--model',
        nargs='+',
        default=SETTINGS,
        choices=SETTINGS | ON_REQUEST,
        metavar='SETTING',
        help=f'default: {", ".join(map(repr, SETTINGS))}; on request: '
        f'{", ".join(map(repr, ON_REQUEST))}',
    )
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--contenders', nargs='+', default=CONTENDERS)
    parser.add_argument('--compare', metavar='REV', help='another commit')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument(
        '--variant', nargs='+', choices=VARIANTS, default=['plain']
    )
    parser.add_argument(
        '--seconds', type=float, default=1e9, help='no new round after these'
    )
    _common.add_report_options(parser)
    parser.add_argument('--serve', nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(*args.serve)
        return
    measured = (measure(setting, args) for setting in args.model)
    _common.report(args, table, measured)


def measure(setting: str, args: argparse.Namespace) -> list[dict]:
    """A row for every contender, commit and variant of a setting."""
    answers: dict[tuple[str, str, str], list[dict]] = {}
    end = time.monotonic() + args.seconds
    with (
        tempfile.TemporaryDirectory() as folder,
        _common.trees(Path(folder), args.compare) as trees,
    ):
        processes = {
            (contender, name, variant): _common.start(
                *(__file__, tree, str(tree), contender, setting),
                *(args.device, variant),
            )
            for variant in args.variant
            for name, tree in trees.items()
            for contender in args.contenders
            if tree == _common.ROOT or contender == 'default'
        }
        for number in range(args.rounds + 1):
            if number > 1 and time.monotonic() > end:
                break
            for key, answer in _common.take_turns(processes, number):
                if number:  # the first round warms up
                    answers.setdefault(key, []).append(answer)
        for process in processes.values():
            _common.stop(process)
    device = '' if args.device == 'cpu' else ', cuda'
    return [
        _common.result_row(
            'train_step',
            contender,
            setting + device + ('' if variant == 'plain' else f', {variant}'),
            commit,
            [step['seconds'] for step in steps],
            round(max(step['mib'] for step in steps)),
        )
        for (contender, commit, variant), steps in answers.items()
    ]


def table(rows: list[dict]) -> str:
    """The last rows of every setting as Markdown, with ratios."""
    last = {
        (row['setting'], row['contender'], row['commit']): row
        for row in rows
        if row['benchmark'] == 'train_step'
    }
    lines = [
        '| setting | contender | commit | s (IQR) | of plain | of stock '
        '| peak MiB | of plain |',
        '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ]
    for (setting, contender, commit), row in last.items():
        base = {
            other: last.get((setting, other, commit))
            or next(
                (r for key, r in last.items() if key[:2] == (setting, other)),
                None,
            )
            for other in ('plain', 'stock')
        }
        lines.append(
            f'| {setting} | {contender} | {commit} | '
            f'{float(row["seconds"]):.3g} ({float(row["iqr"]):.2g}) | '
            f'{ratio(row, base["plain"], "seconds")} | '
            f'{ratio(row, base["stock"], "seconds")} | {row["peak_mib"]} | '
            f'{ratio(row, base["plain"], "peak_mib")} |'
        )
    return '\n'.join(lines)


def ratio(row: dict, base: dict | None, column: str) -> str:
    """A value as a share of another row's."""
    return f'{float(row[column]) / float(base[column]):.2f}' if base else ''


def serve(
    tree: str, contender: str, setting: str, device: str, variant: str
) -> None:
    """Answer every line with the seconds and peak memory of a step."""
    import torch
    from train_step_contenders import Step, release

    import mmseg_usrn  # noqa: F401

    bare = resident('VmRSS')
    recipe, *sizes = (SETTINGS | ON_REQUEST)[setting]
    step = Step(Path(tree) / recipe, contender, device, *sizes)
    step.vary(variant)
    for _ in sys.stdin:
        if device == 'cpu':
            seconds, peak = step.seconds(), resident('VmHWM') - bare
        else:
            step.seconds()  # takes memory anew
            torch.cuda.reset_peak_memory_stats()
            steps = [step.seconds() for _ in range(STEPS_OF_A_TURN)]
            seconds = sum(steps) / len(steps)
            peak = torch.cuda.max_memory_allocated() / 2**20
        print(json.dumps(dict(seconds=seconds, mib=peak)), flush=True)
        release(device)


def resident(name: str) -> float:
    """Resident memory of this process in MiB, now or at its peak."""
    text = Path('/proc/self/status').read_text()
    return int(text.split(f'{name}:')[1].split()[0]) / 1024


if __name__ == '__main__':
    main()
