"""Growth of time and memory: ``python benchmarks/growth.py``.

One quantity grows, the others stay: crop, images of each kind and subclasses
of a default training step (CamVid's recipe, MobileNetV2), and clusters and
points of a clustering (256 channels). Each size is a process of its own, one
thread; the sizes take turns. The exponent is the slope of the logarithms: 1
is proportional. ``--save`` adds rows to ``benchmarks/results.csv``,
``--table`` prints the last ones as Markdown.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import _common
import numpy as np
import torch
from clustering_data import make_data
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from train_step import SMALL, resident
from train_step_contenders import build_model, make_batch

STEP = dict(crop=128, batch=4, subclasses=88)
CLUSTERING = dict(clusters=32, points=50_000)
SIZES = {
    'crop': (96, 128, 192, 256),
    'batch': (2, 4, 8),
    'subclasses': (88, 176, 352, 704),
    'clusters': (8, 32, 128, 512),
    'points': (20_000, 50_000, 100_000, 200_000),
}


def main() -> None:
    """Measure and print, or measure one size in this process."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('quantities', nargs='*', choices=[*SIZES, []])
    parser.add_argument('--rounds', type=int, default=3)
    _common.add_report_options(parser)
    parser.add_argument('--one', nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        quantity, size = args.one
        print(json.dumps(measure_one(quantity, int(size))))
        return
    wanted = args.quantities or SIZES
    _common.report(args, table, (measure(q, args.rounds) for q in wanted))


def measure(quantity: str, rounds: int) -> list[dict]:
    """A row for every size of a quantity."""
    found: dict[int, list[dict]] = {size: [] for size in SIZES[quantity]}
    for _ in range(rounds):
        for size, answers in found.items():
            command = [sys.executable, __file__, '--one', quantity, str(size)]
            output = subprocess.check_output(command, text=True)
            answers.append(json.loads(output.splitlines()[-1]))
    name = _common.commit('HEAD') + ' (this tree)' * _common.is_changed()
    return [
        _common.result_row(
            'growth',
            quantity,
            size,
            name,
            [answer['seconds'] for answer in answers],
            round(statistics.median(answer['mib'] for answer in answers)),
        )
        for size, answers in found.items()
    ]


def measure_one(quantity: str, size: int) -> dict[str, float]:
    """CPU seconds and peak memory above the process before."""
    torch.set_num_threads(1)
    if quantity in STEP:
        return measure_step(**{**STEP, quantity: size})
    return measure_clustering(**{**CLUSTERING, quantity: size})


def measure_step(crop: int, batch: int, subclasses: int) -> dict[str, float]:
    """The second of two training steps."""
    import mmseg_usrn  # noqa: F401

    init_default_scope('mmseg')
    before = resident('VmRSS')
    cfg = Config.fromfile(_common.ROOT / SMALL)
    cfg.model.num_subclasses = subclasses
    model = build_model(cfg.model, 'default', crop)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    data = make_batch(model.num_classes, crop, batch, stock=False)
    for _ in range(2):
        started = time.process_time()
        model.train_step(data, wrapper)
        seconds = time.process_time() - started
    return dict(seconds=seconds, mib=resident('VmHWM') - before)


def measure_clustering(clusters: int, points: int) -> dict[str, float]:
    """A clustering, after a small one."""
    from mmseg_usrn.clustering import balanced_kmeans

    features = make_data('gmm', points)
    balanced_kmeans(features[:1000], 4)
    # The peak counts from here, not from the making of the features.
    Path('/proc/self/clear_refs').write_text('5')
    before, started = resident('VmRSS'), time.process_time()
    balanced_kmeans(features, clusters)
    seconds = time.process_time() - started
    return dict(seconds=seconds, mib=resident('VmHWM') - before)


def table(rows: list[dict]) -> str:
    """The last rows of every quantity as Markdown, with exponents."""
    last: dict[str, dict[int, dict]] = {}
    for row in rows:
        if row['benchmark'] == 'growth':
            sizes = last.setdefault(row['contender'], {})
            sizes[int(row['setting'])] = row
    lines = [
        '| what grows | sizes | CPU s | exponent | MiB | exponent |',
        '| --- | --- | --- | --- | --- | --- |',
    ]
    for quantity, sizes in last.items():
        seconds = [float(row['seconds']) for row in sizes.values()]
        mib = [float(row['peak_mib']) for row in sizes.values()]
        lines.append(
            f'| {quantity} | {", ".join(f"{size:,}" for size in sizes)} '
            f'| {", ".join(f"{value:.2f}" for value in seconds)} '
            f'| {exponent(sizes, seconds):.2f} '
            f'| {", ".join(f"{value:.0f}" for value in mib)} '
            f'| {exponent(sizes, mib):.2f} |'
        )
    return '\n'.join(lines)


def exponent(sizes: dict[int, dict], values: list[float]) -> float:
    """Slope of the logarithms, by least squares."""
    slope, _ = np.polyfit(np.log(list(sizes)), np.log(values), 1)
    return float(slope)


if __name__ == '__main__':
    main()
