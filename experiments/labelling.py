"""Experiment on which images to label next.

    python -m experiments.labelling --time-limit 60

With 13 masks of `leaves`, a USRN ranks the other training images. A baseline
is trained on the 13 masks, on these and those of the first 12 images of the
ranking, and on these and 12 random ones. Started again, the same command goes
on; `--write` puts the rows into `labelling.csv` and the table into the docs.
"""

import argparse
import csv
import random
import time
from pathlib import Path
from statistics import mean, stdev

import numpy as np
from PIL import Image as Picture

from mmseg_usrn.apis import predict_images
from mmseg_usrn.apis.predict import Image
from mmseg_usrn.apis.ranking import (
    ContentReader,
    build_both_branches,
    rank_images,
)
from mmseg_usrn.datasets.splits import read_split, write_split

from .grids import CONFIG, MASKS, RARE_CLASSES, SEEDS, Run
from .laboratory import DATA_DIR, Laboratory
from .results import read_results

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / 'experiments/labelling.csv'
DOCS = ROOT / 'docs/labelling.md'
BEGIN, END = '<!-- labelling -->', '<!-- end -->'
DATA, SPLIT = 'leaves', '1over30'
ADDED = MASKS[DATA]['1over16'] - MASKS[DATA][SPLIT]
"""Images that are labeled next."""
RARE = RARE_CLASSES[DATA][0]
COLUMNS = (
    'images',
    'seed',
    'masks',
    'rare_pixels',
    'mIoU',
    f'IoU.{RARE}',
    'cpu_minutes',
    'date',
    'commit',
)
"""``rare_pixels`` is the share of the rare class in the masks, in percent."""


def main() -> None:
    """Run what is left, and show the table."""
    parser = argparse.ArgumentParser(
        prog='python -m experiments.labelling',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('--work-dir', type=Path, default='work_dirs/labelling')
    add('--data-dir', type=Path, default=DATA_DIR)
    add('--time-limit', type=float, default=float('inf'), help='minutes')
    add('--write', action='store_true', help='write results and docs')
    args = parser.parse_args()
    work_dir, data_dir = args.work_dir.resolve(), args.data_dir.resolve()
    deadline = time.monotonic() + 60 * args.time_limit
    rows = []
    for seed in SEEDS:
        rows += run_seed(seed, work_dir, data_dir, deadline)
    print(table(rows))
    if args.write:
        write(rows)


def run_seed(
    seed: int, work_dir: Path, data_dir: Path, deadline: float
) -> list[dict]:
    """Rank with one split, and train on what was chosen.

    Args:
        seed: Of the split, the trainings and the random images.
        work_dir: Folder of all runs.
        data_dir: Folder of the data sets and weights.
        deadline: ``time.monotonic()`` at which everything stops.

    Returns:
        A row for each baseline that is done.
    """
    first = Laboratory(work_dir / 'first', data_dir, deadline)
    ranking = Run('labelling', DATA, SPLIT, 'usrn', seed)
    if not first.attempt(ranking):
        return []
    lists = make_lists(first, ranking, data_dir)
    run = Run('labelling', DATA, SPLIT, 'baseline', seed)
    rows = []
    for images, names in lists.items():
        folder = work_dir / 'splits' / images / f'seed{seed}'
        folder.mkdir(parents=True, exist_ok=True)
        write_split(folder / 'labeled.txt', names)
        write_split(folder / 'unlabeled.txt', lists['first'])
        laboratory = Laboratory(
            work_dir / images,
            data_dir,
            deadline,
            (f'train_dataloader.dataset.split_dir={folder}',),
        )
        if laboratory.attempt(run):
            rows.append(
                {
                    'images': images,
                    'masks': len(names),
                    'rare_pixels': rare_pixels(names, data_dir),
                    **found(laboratory, run),
                }
            )
    return rows


def make_lists(
    laboratory: Laboratory, run: Run, data_dir: Path
) -> dict[str, list[str]]:
    """Labeled images of each baseline, by how the added ones were found."""
    split = data_dir / DATA / 'splits' / SPLIT / f'seed{run.seed}'
    labeled = read_split(split / 'labeled.txt')
    others = sorted(read_split(split / 'unlabeled.txt'))
    folder = data_dir / DATA / 'img_dir/train'
    images = [Image(folder / f'{name}.jpg', name) for name in others]
    checkpoint = laboratory.checkpoint(run)
    config = checkpoint.with_name(Path(CONFIG).name)
    reader = ContentReader(build_both_branches(str(config), str(checkpoint)))
    seen = {}
    for image, problem in predict_images(reader, images, seen.__setitem__):
        if problem:
            raise ValueError(f'{image.path}: {problem}')
    ranking = rank_images(list(seen.values()), ADDED)
    chosen = [images[item.index].name for item in ranking]
    drawn = random.Random(run.seed).sample(others, ADDED)
    return dict(first=labeled, chosen=labeled + chosen, random=labeled + drawn)


def rare_pixels(names: list[str], data_dir: Path) -> float:
    """Share of the rare class in masks, in percent."""
    folder = data_dir / DATA / 'ann_dir/train'
    masks = [np.asarray(Picture.open(folder / f'{n}.png')) for n in names]
    index = 2  # background, leaf, symptom
    return round(100 * float(np.mean([(m == index).mean() for m in masks])), 2)


def found(laboratory: Laboratory, run: Run) -> dict[str, str]:
    """What a finished run has measured."""
    for row in read_results(laboratory.results):
        if row['contender'] == run.contender and row['seed'] == str(run.seed):
            return {name: row[name] for name in COLUMNS if name in row}
    raise KeyError(run.name)


def table(rows: list[dict]) -> str:
    """Mean and standard deviation over the seeds, as Markdown."""
    lines = [
        f'| labeled | masks | seeds | mIoU | {RARE} | {RARE} in the masks, % '
        '| mIoU by seed |',
        '| --- | --- | --- | --- | --- | --- | --- |',
    ]
    for images in ('first', 'random', 'chosen'):
        group = [row for row in rows if row['images'] == images]
        if group:
            numbers = (
                spread(group, name)
                for name in ('mIoU', f'IoU.{RARE}', 'rare_pixels')
            )
            seeds = ', '.join(f'{float(row["mIoU"]):.1f}' for row in group)
            lines.append(
                f'| {images} | {group[0]["masks"]} | {len(group)} | '
                f'{" | ".join(numbers)} | {seeds} |'
            )
    return '\n'.join(lines)


def spread(rows: list[dict], column: str) -> str:
    """Mean and standard deviation of a column."""
    values = [float(row[column]) for row in rows]
    if len(values) == 1:
        return f'{values[0]:.1f}'
    return f'{mean(values):.1f} ± {stdev(values):.1f}'


def load_rows() -> list[dict]:
    """The rows that the docs are made from."""
    with RESULTS.open(newline='') as file:
        return list(csv.DictReader(file))


def write(rows: list[dict]) -> None:
    """Write the results and the table of the docs."""
    with RESULTS.open('w', newline='') as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)
    before, rest = DOCS.read_text().split(BEGIN)
    after = rest.split(END, 1)[1]
    text = f'{before}{BEGIN}\n\n{table(load_rows())}\n\n{END}{after}'
    DOCS.write_text(text)


if __name__ == '__main__':
    main()
