r"""Exports predictions as labels to correct or to train on.

    python tools/export_labels.py configs/my.py work_dirs/my/iter_40000.pth \
        photos --out labels --format cvat --threshold 0.9

Pixels whose class is less likely than the threshold have no label.

Formats:
  png           OUT/masks: class indices, 255 without a label
  cvat          OUT/cvat.zip: "Segmentation mask 1.1"
  coco          OUT/annotations.json: run lengths
  label-studio  OUT/tasks.json and the interface, OUT/label_config.xml
"""

import argparse
import sys
from pathlib import Path

from endings import clear_endings
from mmseg.structures import SegDataSample
from predicting import exit_code, image_parser, predict_all

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.apis import Predictor, build_class_branch
from mmseg_usrn.apis.images import Image, find_images
from mmseg_usrn.apis.labels import (
    UNLABELED,
    WRITERS,
    LabelWriter,
    confident_labels,
)
from mmseg_usrn.apis.outputs import check_outputs
from mmseg_usrn.datasets.splits import read_split


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = image_parser(__doc__, 'folder for the labels')
    add = parser.add_argument
    add('--format', choices=WRITERS, required=True, help='see above')
    add(
        '--threshold',
        type=float,
        default=0.9,
        help='least probability of a class (default: %(default)s; 0 labels '
        'all pixels)',
    )
    add(
        '--only',
        metavar='LIST',
        help='file with names of the images to label, a line each, such as '
        'the list of rank_images.py',
    )
    add('--force', action='store_true', help='overwrite files')
    return parser.parse_args()


def check(args: argparse.Namespace) -> None:
    """Refuse what cannot work.

    Raises:
        ValueError: If a file would be overwritten or cannot be written, or
            the threshold is no probability.
    """
    if not 0 <= args.threshold < 1:
        raise ValueError(
            f'--threshold {args.threshold}: a probability, at least 0 and '
            'below 1'
        )
    check_outputs(targets(args), args.force)


def targets(args: argparse.Namespace) -> list[Path]:
    """What is written."""
    return [args.out / name for name in WRITERS[args.format].targets]


def chosen(args: argparse.Namespace) -> list[Image]:
    """The images to label.

    Raises:
        ValueError: If the list names one that is not there.
    """
    images = find_images(args.images, targets(args))
    found = {image.name: image for image in images}
    names = read_split(args.only) if args.only else list(found)
    for name in names:
        if name not in found:
            raise ValueError(
                f'{args.only} names {name}, which is none of the images, '
                f'such as {next(iter(found))}'
            )
    return [found[name] for name in names]


def export(
    predictor: Predictor,
    images: list[Image],
    writer: LabelWriter,
    threshold: float,
) -> tuple[float, list[str]]:
    """Predict and write.

    Returns:
        Share of the pixels that have a label, and the images that could not
        be read, with the reason.
    """
    labeled = total = 0

    def save(image: Image, sample: SegDataSample) -> None:
        nonlocal labeled, total
        labels = confident_labels(sample, threshold)
        labeled += (labels != UNLABELED).sum()
        total += labels.size
        writer.add(image, labels)

    with writer:
        failed = predict_all(predictor, images, save)
    return labeled / max(total, 1), failed


def main() -> int:
    """Check the arguments, export, and say how it went.

    Returns:
        The exit code: 1 if an image could not be read.
    """
    args = parse_args()
    with clear_endings():
        check(args)
        images = chosen(args)
        model = build_class_branch(
            args.config, args.checkpoint, args.device, args.trust_checkpoint
        )
        writer = WRITERS[args.format](args.out, **model.dataset_meta)
        if model.out_channels == 1:
            raise ValueError(
                'the model has one output for two classes (out_channels=1): '
                'labels with a threshold need an output for each class'
            )
        predictor = Predictor(model)
        share, failed = export(predictor, images, writer, args.threshold)
    print(f'{len(images) - len(failed)} images in {writer.path}')
    print(f'{share:.1%} of their pixels have a label')
    return exit_code(failed)


if __name__ == '__main__':
    sys.exit(main())
