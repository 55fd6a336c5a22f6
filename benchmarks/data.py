"""CPU time of one item of the training data: ``python benchmarks/data.py``.

An item is what the training asks a data worker for: a labeled image with its
labels, or an unlabeled one with both views. Images are generated, 500x375
pixels, JPEG. Per recipe, the labeled item of the stock transforms is the
measure. ``--compare REV`` runs the code and configs of another commit beside
this one. Rounds of all contenders alternate in one run; every contender draws
the same random numbers for the same image.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import _common
import cv2
import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

RECIPES = {
    'VOC': 'configs/usrn/voc_1over32.py',
    'VOC, paper': 'configs/usrn/paper/paper_voc_1over32.py',
}
HEIGHT, WIDTH, NUM_CLASSES, NUM_IMAGES = 375, 500, 21, 16
REPLACED = {'PackLabeledInputs': dict(type='PackSegInputs'), 'AddCellMap': {}}


def main() -> None:
    """Measure and print, or serve as one of the measured processes."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--rounds', type=int, default=20)
    parser.add_argument('--compare', metavar='REV', help='another commit')
    parser.add_argument(
        '--out', metavar='FILE.jsonl', help='file to append the rows to'
    )
    parser.add_argument('--serve', nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(*map(Path, args.serve))
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder), args.rounds, args.compare)
    print(table(rows))
    if args.out:
        with open(args.out, 'a', encoding='utf-8') as file:
            file.writelines(json.dumps(row) + '\n' for row in rows)


def measure(folder: Path, rounds: int, compare: str | None) -> list[dict]:
    """Time all contenders.

    Args:
        folder: Empty folder for images and another commit's files.
        rounds: Times that every image is asked for.
        compare: Another commit, if any.

    Returns:
        A row per commit, recipe and item.
    """
    make_images(folder)
    with _common.trees(folder, compare) as trees:
        return run(trees, folder, rounds)


def run(trees: dict[str, Path], folder: Path, rounds: int) -> list[dict]:
    """Let a process per tree take turns."""
    processes = {
        name: _common.start(__file__, tree, str(tree), str(folder))
        for name, tree in trees.items()
    }
    times = {name: [] for name in trees}
    for number in range(rounds + 1):
        for name, process in processes.items():
            answer = _common.ask(process, number)
            if number:  # the first round warms up
                times[name].append(answer)
    for process in processes.values():
        _common.stop(process)
    return [row for name in times for row in summarize(name, times[name])]


def summarize(name: str, rounds: list[dict]) -> list[dict]:
    """Median, spread, and ratio to the stock item, of every item."""
    rows = []
    for key in rounds[0]:
        recipe, item = key.split(': ')
        seconds = np.array([one[key] for one in rounds])
        stock = np.array([one[f'{recipe}: stock labeled'] for one in rounds])
        low, middle, high = np.percentile(seconds, [25, 50, 75])
        rows.append(
            dict(
                commit=name,
                recipe=recipe,
                item=item,
                ms=round(1e3 * middle, 2),
                ms_quartiles=[round(1e3 * v, 2) for v in (low, high)],
                to_stock=round(float(np.median(seconds / stock)), 3),
                rounds=len(rounds),
            )
        )
    return rows


def table(rows: list[dict]) -> str:
    """The rows as Markdown."""
    lines = [
        '| recipe | item | commit | ms (quartiles) | of stock labeled |',
        '| --- | --- | --- | --- | --- |',
    ]
    order = sorted(rows, key=lambda row: (row['recipe'], row['item']))
    for row in order:
        low, high = row['ms_quartiles']
        lines.append(
            f'| {row["recipe"]} | {row["item"]} | {row["commit"]} | '
            f'{row["ms"]:.1f} ({low:.1f}-{high:.1f}) | {row["to_stock"]:.2f} |'
        )
    return '\n'.join(lines)


def serve(tree: Path, folder: Path) -> None:
    """Answer every line with the CPU seconds of all items."""
    import mmseg_usrn  # noqa: F401

    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    init_default_scope('mmseg')
    pipelines = {
        f'{recipe}: {item}': pipeline
        for recipe, path in RECIPES.items()
        for item, pipeline in find_pipelines(tree / path).items()
    }
    for line in sys.stdin:
        seconds = {
            name: time_round(pipeline, folder, int(line))
            for name, pipeline in pipelines.items()
        }
        print(json.dumps(seconds), flush=True)


def find_pipelines(config: Path) -> dict[str, Compose]:
    """The pipelines of the items of a recipe."""
    dataset = Config.fromfile(config).train_dataloader.dataset
    labeled = dataset.labeled.pipeline
    stock = [REPLACED.get(step['type'], step) for step in labeled]
    return {
        'stock labeled': Compose([step for step in stock if step]),
        'labeled': Compose(labeled),
        'unlabeled': Compose(dataset.unlabeled.pipeline),
    }


def time_round(pipeline: Compose, folder: Path, number: int) -> float:
    """CPU seconds of an item, mean over all images."""
    total = 0.0
    for index in range(NUM_IMAGES):
        for seed in (random.seed, np.random.seed, torch.manual_seed):
            seed(1000 * number + index)
        results = dict(
            img_path=str(folder / f'{index}.jpg'),
            seg_map_path=str(folder / f'{index}.png'),
            label_map=None,
            reduce_zero_label=False,
            seg_fields=[],
            sample_idx=index,
        )
        started = time.process_time()
        pipeline(results)
        total += time.process_time() - started
    return total / NUM_IMAGES


def make_images(folder: Path) -> None:
    """Generate images of smooth areas and fine texture, and masks."""
    rng = np.random.default_rng(0)
    size = (WIDTH, HEIGHT)
    for index in range(NUM_IMAGES):
        coarse = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        picture = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
        noise = rng.normal(0, 12, (HEIGHT, WIDTH, 3))
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
        Image.fromarray(picture).save(folder / f'{index}.jpg', quality=90)
        labels = rng.integers(0, NUM_CLASSES, (4, 5)).astype(np.uint8)
        labels = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
        Image.fromarray(labels).save(folder / f'{index}.png')


if __name__ == '__main__':
    main()
