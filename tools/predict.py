r"""Predicts images: files, folders or patterns.

    python tools/predict.py configs/my.py work_dirs/my/iter_40000.pth photos \
        --out predictions

OUT/masks has class indices (PNG with the palette of the classes),
OUT/overlays the same over the images. Images that have all files asked for
are left alone, so the same command goes on where it was stopped;
OUT/predictions.json says which model has predicted which files, and those of
others are refused.
"""

import argparse
import sys

from endings import clear_endings
from predicting import exit_code, image_parser, predict_all

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.apis import Predictor, build_class_branch
from mmseg_usrn.apis.images import find_images
from mmseg_usrn.apis.outputs import check_folder
from mmseg_usrn.apis.prediction_record import PredictionRecord
from mmseg_usrn.apis.prediction_writer import KINDS, PredictionWriter


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = image_parser(__doc__, 'folder for the results')
    add = parser.add_argument
    add('--no-overlays', action='store_true', help='masks alone')
    add('--confidence', action='store_true', help='confidence maps, too')
    add('--probabilities', action='store_true', help='all classes, too')
    add(
        '--batch-size',
        type=int,
        help='images of equal size at a time (default: 1 on CPUs, else 8)',
    )
    add(
        '--force',
        action='store_true',
        help='predict done images again, also those of another model',
    )
    return parser.parse_args()


def main() -> int:
    """Predict and save.

    Returns:
        The exit code: 1 if an image could not be read.
    """
    args = parse_args()
    with clear_endings():
        return predict(args)


def predict(args: argparse.Namespace) -> int:
    """Predict what is not done, and say how it went.

    Returns:
        The exit code.

    Raises:
        ValueError: If there are no images, the batch size is below 1, or the
            model or the folder for the results cannot be used or is that of
            another model.
    """
    if args.batch_size is not None and args.batch_size < 1:
        raise ValueError(f'--batch-size {args.batch_size}: a number from 1')
    images = find_images(args.images, [args.out / kind for kind in KINDS])
    check_folder(args.out)
    model = build_class_branch(
        args.config, args.checkpoint, args.device, args.trust_checkpoint
    )
    record = PredictionRecord(args.out, args.config, args.checkpoint)
    if not args.force:
        record.check(images)
    predictor = Predictor(model)
    writer = PredictionWriter(
        args.out,
        model.dataset_meta['palette'],
        overlays=None if args.no_overlays else predictor.load_picture,
        confidence=args.confidence,
        probabilities=args.probabilities,
    )
    record.start(images, args.force)
    todo = [i for i in images if not record.is_done(i, writer.kinds)]
    batch_size = args.batch_size or (1 if args.device == 'cpu' else 8)
    failed = predict_all(predictor, todo, writer, batch_size)
    done = len(todo) - len(failed)
    print(f'{done} images predicted, {len(images) - len(todo)} done before')
    print(f'results in {args.out}')
    return exit_code(failed)


if __name__ == '__main__':
    sys.exit(main())
