r"""Ranks unlabeled images by what labelling them would bring.

    python tools/rank_images.py configs/my.py work_dirs/my/iter_40000.pth \
        photos --out next.csv --count 20

next.csv has the images, the best first, with their score and its parts:
uncertainty, share of rare classes, and how much of the image the ones before
it do not show. next.txt has their names alone, as a list of a split.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from endings import clear_endings
from predicting import exit_code, image_parser, predict_all

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.apis.images import Image, find_images
from mmseg_usrn.apis.outputs import check_outputs
from mmseg_usrn.apis.ranking import (
    ContentReader,
    ImageContent,
    RankedImage,
    build_both_branches,
    rank_images,
    rare_classes,
)
from mmseg_usrn.datasets.splits import read_split, write_split
from mmseg_usrn.models import USRN


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = image_parser(__doc__, 'table of the images, .csv')
    add = parser.add_argument
    add('--count', type=int, help='images to choose (default: all)')
    add(
        '--skip',
        metavar='LIST',
        help='file with names of images to leave out, a line each, such as '
        'the labeled.txt of a split',
    )
    add('--force', action='store_true', help='overwrite files')
    return parser.parse_args()


def check(args: argparse.Namespace) -> list[Image]:
    """The images to rank.

    Raises:
        ValueError: If there are none, the count or the name of the table
            cannot be, or a file would be overwritten or cannot be written.
    """
    if args.count is not None and args.count < 1:
        raise ValueError(f'--count {args.count}: a number from 1')
    if args.out.suffix != '.csv':
        raise ValueError(f'--out {args.out}: a name that ends in .csv')
    check_outputs([args.out, args.out.with_suffix('.txt')], args.force)
    found = find_images(args.images)
    if not args.skip:
        return found
    skipped = set(read_split(args.skip))
    images = [image for image in found if image.name not in skipped]
    if not images:
        raise ValueError(f'{args.skip} has the names of all images')
    if len(images) == len(found):
        raise ValueError(
            f'{args.skip} has the name of no image: it names '
            f'{", ".join(sorted(skipped)[:1]) or "none"}, an image is '
            f'{found[0].name} (its path below the folder that is given, '
            'without suffix)'
        )
    return images


def write(
    path: Path, images: Sequence[Image], ranking: list[RankedImage]
) -> None:
    """Write the table, and the list of names beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = ('score', 'uncertainty', 'rare_share', 'coverage')
    with path.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(('rank', 'image', *parts))
        for rank, item in enumerate(ranking, 1):
            numbers = [f'{getattr(item, part):.5f}' for part in parts]
            writer.writerow((rank, images[item.index].path, *numbers))
    names = [images[item.index].name for item in ranking]
    write_split(path.with_suffix('.txt'), names)


def report(
    model, contents: list[ImageContent], ranking: list[RankedImage], out: Path
) -> None:
    """Say what was ranked, and by what."""
    if not isinstance(model, USRN):
        print('the checkpoint has no subclasses: classes take their place')
    if contents:
        shares = [content.class_shares for content in contents]
        classes = model.dataset_meta['classes']
        rare = [classes[k] for k in rare_classes(shares)]
        print(f'rare classes: {", ".join(rare) or "none"}')
    print(f'{len(ranking)} of {len(contents)} images in {out}')


def main() -> int:
    """Look at the images, rank them, and write the table.

    Returns:
        The exit code: 1 if an image could not be read.
    """
    args = parse_args()
    with clear_endings():
        images = check(args)
        model = build_both_branches(
            args.config, args.checkpoint, args.device, args.trust_checkpoint
        )
        reader = ContentReader(model)
        seen: dict[Image, ImageContent] = {}
        batch_size = 1 if args.device == 'cpu' else 8
        failed = predict_all(reader, images, seen.__setitem__, batch_size)
        contents = list(seen.values())
        ranking = rank_images(contents, args.count)
        write(args.out, list(seen), ranking)
    report(model, contents, ranking, args.out)
    return exit_code(failed)


if __name__ == '__main__':
    sys.exit(main())
