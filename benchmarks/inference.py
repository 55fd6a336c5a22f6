"""CPU time of a prediction: ``python benchmarks/inference.py``.

Contenders, with the same weights and image files:

* ``inference_model``: MMSegmentation's, file by file, on the stock model;
* ``predict``: what ``tools/predict.py --no-overlays`` does;
* ``test``: a step of ``tools/test.py`` on a USRN, without the metric;
* ``stock test``: the same step on the stock model that is in it.

The first two read a file and write its mask; the others start from loaded
images. Each is a process of its own with one thread; they take turns, every
other time in reversed order, and the first rounds, in which networks are
compiled, do not count. Time is CPU time of an image. ``--compare REV`` runs
another commit's ``predict`` and ``test`` beside. Rows go to
``benchmarks/results.csv`` with ``--save``; ``--table`` prints the last ones
as Markdown.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import _common
import cv2
import numpy as np
import torch
from inference_contenders import build
from mmengine.config import Config
from train_step import SMALL, VOC

SETTINGS = {
    'small': (SMALL, (480, 360), 8),
    'voc': (VOC, (500, 375), 3),
}
"""Recipe, width and height of the files, and images of a round."""
OURS = ('predict', 'test')
CONTENDERS = ('inference_model', 'predict', 'stock test', 'test')
STOCK = {'predict': 'inference_model', 'test': 'stock test'}
"""What the contenders of ours are measured against."""
WARM_UP = 2
"""Rounds that do not count."""


def main() -> None:
    """Measure, print the table, or serve as a measured process."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    add = parser.add_argument
    add('--model', nargs='+', default=SETTINGS, choices=SETTINGS)
    add('--rounds', type=int, default=9)
    add('--contenders', nargs='+', default=CONTENDERS, choices=CONTENDERS)
    add('--compare', metavar='REV', help='another commit')
    add('--device', choices=('cpu', 'cuda'), default='cpu')
    _common.add_report_options(parser)
    add('--serve', nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(*args.serve)
        return
    measured = (measure(setting, args) for setting in args.model)
    _common.report(args, table, measured)


def measure(setting: str, args: argparse.Namespace) -> list[dict]:
    """A row for every contender and commit of a setting."""
    answers: dict[tuple[str, str], list[dict]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        _common.trees(Path(folder), args.compare) as trees,
    ):
        write_images(setting, Path(folder))
        processes = {
            (contender, name): _common.start(
                __file__, tree, *map(str, (tree, contender, setting)),
                args.device, folder
            )
            for name, tree in trees.items()
            for contender in args.contenders
            if tree == _common.ROOT or contender in OURS
        }  # fmt: skip
        for number in range(WARM_UP + args.rounds):
            for key, answer in _common.take_turns(processes, number):
                if number >= WARM_UP:
                    answers.setdefault(key, []).append(answer)
        for process in processes.values():
            _common.stop(process)
        print(f'{setting}: {count_differing(Path(folder))}')
    print_paired(answers)
    suffix = '' if args.device == 'cpu' else ', cuda'
    return [
        _common.result_row(
            'inference',
            contender,
            setting + suffix,
            commit,
            [one['seconds'] for one in rounds],
        )
        for (contender, commit), rounds in answers.items()
    ]


def print_paired(answers: dict[tuple[str, str], list[dict]]) -> None:
    """Throughput against the stock contender, round by round."""
    for (contender, commit), rounds in answers.items():
        other = STOCK.get(contender)
        stock = next((a for key, a in answers.items() if key[0] == other), [])
        if len(rounds) == len(stock) > 1:
            ratios = [
                base['seconds'] / own['seconds']
                for base, own in zip(stock, rounds, strict=True)
            ]
            low, middle, high = statistics.quantiles(ratios, n=4)
            print(
                f'{contender} {commit}: {middle:.3f} x the throughput of '
                f'{other} in the same round, quartiles {low:.3f} '
                f'to {high:.3f}, {len(ratios)} rounds'
            )


def table(rows: list[dict]) -> str:
    """The last rows of every setting as Markdown, with ratios."""
    last = {
        (row['setting'], row['contender'], row['commit']): row
        for row in rows
        if row['benchmark'] == 'inference'
    }
    lines = [
        '| setting | contender | commit | CPU ms (IQR) | throughput |',
        '| --- | --- | --- | --- | --- |',
    ]
    for (setting, contender, commit), row in last.items():
        stock = STOCK.get(contender)
        base = last.get((setting, stock, commit)) or next(
            (r for key, r in last.items() if key[:2] == (setting, stock)),
            None,
        )
        seconds = float(row['seconds'])
        ratio = f'{float(base["seconds"]) / seconds:.2f} x' if base else ''
        lines.append(
            f'| {setting} | {contender} | {commit} | {1e3 * seconds:.1f} '
            f'({1e3 * float(row["iqr"]):.1f}) | {ratio} |'
        )
    return '\n'.join(lines)


def write_images(setting: str, folder: Path) -> None:
    """JPEG files of coloured patches and noise."""
    _, (width, height), count = SETTINGS[setting]
    rng = np.random.default_rng(0)
    for number in range(count):
        patches = rng.integers(0, 200, (9, 12, 3), np.uint8)
        image = cv2.resize(patches, (width, height))
        noise = rng.integers(0, 50, image.shape, np.uint8)
        cv2.imwrite(str(folder / f'{number}.jpg'), image + noise)


def serve(
    tree: str, contender: str, setting: str, device: str, folder: str
) -> None:
    """Answer every line with the seconds of an image."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    config = Config.fromfile(Path(tree) / SETTINGS[setting][0])
    images = sorted(Path(folder).glob('*.jpg'))
    out = Path(folder) / f'{contender} {Path(tree).name}'
    predict = build(contender, config, device, images, out)
    clock = time.process_time if device == 'cpu' else time.perf_counter
    for _ in sys.stdin:
        started = clock()
        labels = predict()
        if device == 'cuda':
            torch.cuda.synchronize()
        seconds = (clock() - started) / len(images)
        print(json.dumps(dict(seconds=seconds)), flush=True)
    out.mkdir(exist_ok=True)
    np.save(out / 'labels.npy', torch.stack(labels).byte().cpu().numpy())


def count_differing(folder: Path) -> str:
    """In how many pixels the contenders' predictions differ, in words."""
    maps = [np.load(path) for path in sorted(folder.glob('*/labels.npy'))]
    differing = [int((one != maps[0]).sum()) for one in maps]
    return f'{max(differing)} of {maps[0].size} pixels differ'


if __name__ == '__main__':
    main()
