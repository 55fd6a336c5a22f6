r"""Make the lists of labeled and unlabeled training images.

Draw an eighth of the training images, every class in the labeled part:

    python tools/make_splits.py data/splits/voc/1over8 \
        --train data/VOCdevkit/VOC2012/ImageSets/Segmentation/trainaug.txt \
        --masks data/VOCdevkit/VOC2012/SegmentationClassAug \
        --num-classes 21 --fraction 1/8 --seed 0

Take an existing list of labeled images, the rest is unlabeled: ``--labeled``
instead of ``--fraction``. Lists of the original USRN code are read as well.
docs/datasets.md has the commands for the data sets of the recipes.
"""

import argparse
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

from mmseg_usrn.apis.outputs import check_outputs
from mmseg_usrn.datasets import splits
from mmseg_usrn.datasets.image_files import IMAGE_SUFFIXES, find_files

LISTS = ('labeled.txt', 'unlabeled.txt', 'origin.txt')


def parse_fraction(text: str) -> Fraction:
    """Reads ``1/8`` or ``0.125``, as an argument.

    Raises:
        argparse.ArgumentTypeError: If it is not a number between 0 and 1.
    """
    try:
        return splits.parse_fraction(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('out_dir', type=Path, help=f'folder to write {", ".join(LISTS)} to')
    add('--train', type=Path, help='list of training images, or their folder')
    add(
        '--img-suffix',
        nargs='+',
        default=IMAGE_SUFFIXES,
        help='if --train is a folder: what image names end with '
        '(Cityscapes: _leftImg8bit.png)',
    )
    add_number(parser.add_mutually_exclusive_group(required=True))
    add(
        '--unlabeled',
        type=Path,
        help='existing list of unlabeled images, beside --labeled '
        '(default: all of --train that are not labeled)',
    )
    add(
        '--masks',
        type=Path,
        help='folder of the masks, to have every class in the labeled part',
    )
    add(
        '--mask-suffix',
        default='.png',
        help='what mask names end with '
        '(Cityscapes: _gtFine_labelTrainIds.png; default: %(default)s)',
    )
    add(
        '--num-classes',
        type=int,
        help='classes that must occur (default: all that the masks have)',
    )
    add('--seed', type=int, default=0, help='seed of the draw')
    add('--force', action='store_true', help='overwrite existing lists')
    return parser.parse_args()


def add_number(group) -> None:
    """Adds the arguments that say how many images are labeled, or which."""
    add = group.add_argument
    add('--fraction', type=parse_fraction, help='labeled part, such as 1/8')
    add('--count', type=int, help='labeled images')
    add('--labeled', type=Path, help='existing list of labeled images')


def read_train(args: argparse.Namespace) -> list[str]:
    """Returns the stems of all training images.

    Raises:
        ValueError: If ``--train`` is not given or cannot be read.
    """
    if args.train is None:
        raise ValueError('give the training images with --train')
    if args.train.is_dir():
        return list(find_files(str(args.train), args.img_suffix))
    return splits.read_split(args.train)


def read_classes(args: argparse.Namespace, stems: list[str]):
    """Returns the classes of each image, None without ``--masks``."""
    if args.masks is None:
        return None
    print(f'reading {len(stems)} masks in {args.masks}')
    return splits.read_classes(
        stems, args.masks, args.mask_suffix, args.num_classes
    )


def draw(args: argparse.Namespace):
    """Draws labeled images; returns both lists, classes and the origin."""
    stems = read_train(args)
    classes = read_classes(args, stems)
    count = args.count
    if count is None:
        count = max(1, round(len(stems) * args.fraction))
    labeled = splits.draw_labeled(stems, count, args.seed, classes)
    unlabeled = splits.subtract(stems, labeled)
    origin = f'drawn from {args.train} with seed {args.seed}'
    return labeled, unlabeled, classes, origin


def adopt(args: argparse.Namespace):
    """Takes existing lists; returns both, classes and the origin."""
    labeled = splits.read_split(args.labeled)
    if args.unlabeled is None:
        unlabeled = splits.subtract(read_train(args), labeled)
        origin = f'labeled: {args.labeled}; unlabeled: rest of {args.train}'
    else:
        unlabeled = splits.read_split(args.unlabeled)
        names = (str(args.labeled), str(args.unlabeled))
        splits.check_disjoint(labeled, unlabeled, names)
        origin = f'labeled: {args.labeled}; unlabeled: {args.unlabeled}'
    return labeled, unlabeled, read_classes(args, labeled), origin


def describe(labeled, unlabeled, classes, origin: str) -> str:
    """Returns the text of ``origin.txt``."""
    lines = [
        origin,
        f'labeled: {len(labeled)} images',
        f'unlabeled: {len(unlabeled)} images',
    ]
    if classes is None:
        lines.append('classes: not looked at (no --masks)')
    else:
        images = Counter(c for stem in labeled for c in classes[stem])
        lines.append('labeled images that have each class:')
        lines += [f'  class {c}: {images[c]}' for c in sorted(images)]
    return ''.join(f'{line}\n' for line in lines)


def make_splits(args: argparse.Namespace) -> None:
    """Makes the lists and writes them."""
    if args.unlabeled is not None and args.labeled is None:
        raise ValueError('--unlabeled goes with --labeled; give that list too')
    check_outputs([args.out_dir / name for name in LISTS], args.force)
    made = (draw if args.labeled is None else adopt)(args)
    text = describe(*made)
    args.out_dir.mkdir(parents=True, exist_ok=True)
    splits.write_split(args.out_dir / 'labeled.txt', made[0])
    splits.write_split(args.out_dir / 'unlabeled.txt', made[1])
    (args.out_dir / 'origin.txt').write_text(text)
    print(f'{text}written to {args.out_dir}')


def main() -> None:
    """Makes the lists; a mistake of the user ends with one line."""
    try:
        make_splits(parse_args())
    except (ValueError, OSError) as error:
        sys.exit(f'make_splits.py: error: {error}')


if __name__ == '__main__':
    main()
