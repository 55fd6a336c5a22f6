"""Time of the data check against that of decoding the files once.

    python benchmarks/data_check.py

Both read the same pairs of images and masks with two threads, in turns; the
files are in the cache of the file system after the first turn, which does not
count. docs/own_data.md states the result.
"""

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from mmengine.registry import init_default_scope
from PIL import Image

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.data_check import check_data
from mmseg_usrn.datasets import FolderSegDataset

CLASSES = ('ground', 'road', 'tree', 'car', 'person')
SIZE = (500, 375)  # width and height of Pascal VOC's images


def make_pairs(root: Path, number: int) -> None:
    """Write JPEG pictures of about 60 kB, and index masks as PNG."""
    rng = np.random.default_rng(0)
    (root / 'images').mkdir()
    (root / 'masks').mkdir()
    for i in range(number):
        coarse = rng.integers(0, 256, (24, 32, 3), np.uint8)
        picture = cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC)
        noise = rng.integers(0, 24, picture.shape, np.uint8)
        cv2.imwrite(f'{root}/images/{i:05}.jpg', cv2.add(picture, noise))
        labels = coarse[::3, ::4, 0] % len(CLASSES)
        mask = cv2.resize(labels, SIZE, interpolation=cv2.INTER_NEAREST)
        Image.fromarray(mask).save(root / f'masks/{i:05}.png')


def build(root: Path) -> FolderSegDataset:
    """The pairs with the loading steps of a training."""
    return FolderSegDataset(
        dict(img_path=str(root / 'images'), seg_map_path=str(root / 'masks')),
        dict(classes=CLASSES),
        serialize_data=False,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations'),
        ],
    )


def decode(dataset: FolderSegDataset, threads: int) -> float:
    """Seconds to load all pairs by the dataset's own steps."""
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda i: bool(dataset[i]), range(len(dataset))):
            pass
    return time.perf_counter() - started


def check(dataset: FolderSegDataset, threads: int) -> float:
    """Seconds to check all pairs."""
    started = time.perf_counter()
    report = check_data(dataset, num_threads=threads)
    seconds = time.perf_counter() - started
    if report.findings:
        raise RuntimeError(report.table())
    return seconds


def main() -> None:
    """Measure in turns and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--pairs', type=int, default=5000)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--turns', type=int, default=5)
    args = parser.parse_args()
    init_default_scope('mmseg')
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        make_pairs(Path(folder), args.pairs)
        dataset = build(Path(folder))
        turns = [
            (decode(dataset, args.threads), check(dataset, args.threads))
            for _ in range(args.turns + 1)
        ][1:]
    for name, seconds in zip(
        ('decode', 'check'), zip(*turns, strict=True), strict=True
    ):
        print(
            f'{name}: {median(seconds):.2f} s '
            f'({min(seconds):.2f} to {max(seconds):.2f})'
        )
    ratio = median(check / decode for decode, check in turns)
    print(f'check / decode, {args.pairs} pairs: {ratio:.2f}')


if __name__ == '__main__':
    main()
