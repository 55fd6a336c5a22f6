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
from mmengine.device import get_device
from mmseg.structures import SegDataSample
from rich.console import Console
from rich.progress import track

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.apis import Predictor, build_class_branch, predict_images
from mmseg_usrn.apis.labels import (
    UNLABELED,
    WRITERS,
    LabelWriter,
    confident_labels,
)
from mmseg_usrn.apis.predict import Image, find_images
from mmseg_usrn.engine.run_config import add_trust_argument


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('config', help='config file of the recipe')
    add('checkpoint', help='checkpoint of the recipe or of its baseline')
    add('images', nargs='+', help='files, folders or patterns')
    add('--out', type=Path, required=True, help='folder for the labels')
    add('--format', choices=WRITERS, required=True, help='see above')
    add(
        '--threshold',
        type=float,
        default=0.9,
        help='least probability of a class (default: %(default)s; 0 labels '
        'all pixels)',
    )
    add('--device', default=get_device(), help='default: %(default)s')
    add('--force', action='store_true', help='overwrite files')
    add_trust_argument(parser)
    return parser.parse_args()


def check(args: argparse.Namespace) -> None:
    """Refuse what cannot work.

    Raises:
        ValueError: If a file is missing or would be overwritten, or the
            threshold is no probability.
    """
    if not Path(args.config).is_file():
        raise ValueError(f'there is no config file {args.config}')
    if not 0 <= args.threshold < 1:
        raise ValueError(
            f'--threshold {args.threshold}: a probability, at least 0 and '
            'below 1'
        )
    target = args.out / WRITERS[args.format].target
    if target.exists() and not args.force:
        raise ValueError(
            f'{target} would be overwritten: choose another --out, or add '
            '--force'
        )


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
    failed = []

    def save(image: Image, sample: SegDataSample) -> None:
        nonlocal labeled, total
        labels = confident_labels(sample, threshold)
        labeled += (labels != UNLABELED).sum()
        total += labels.size
        writer.add(image, labels)

    with writer:
        for image, problem in track(
            predict_images(predictor, images, save),
            total=len(images),
            description='predicting',
            console=Console(stderr=True, highlight=False),
        ):
            if problem:
                reason = str(problem).splitlines()[0]
                failed.append(f'  {image.path}: {reason}')
    return labeled / max(total, 1), failed


def main() -> int:
    """Check the arguments, export, and say how it went.

    Returns:
        The exit code: 1 if an image could not be read.
    """
    args = parse_args()
    with clear_endings():
        check(args)
        images = find_images(args.images)
        model = build_class_branch(
            args.config, args.checkpoint, args.device, args.trust_checkpoint
        )
        writer = WRITERS[args.format](args.out, **model.dataset_meta)
        if model.out_channels == 1:
            raise ValueError(
                'the model has one output for two classes (out_channels=1): '
                'labels with a threshold need an output for each class'
            )
    share, failed = export(Predictor(model), images, writer, args.threshold)
    print(f'{len(images) - len(failed)} images in {writer.path}')
    print(f'{share:.1%} of their pixels have a label')
    if failed:
        print(f'{len(failed)} could not be read:', *failed, sep='\n')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
