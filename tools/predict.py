r"""Predicts images: files, folders or patterns.

    python tools/predict.py configs/my.py work_dirs/my/iter_40000.pth photos \
        --out predictions

OUT/masks has class indices (PNG with the palette of the classes),
OUT/overlays the same over the images. Images that are done already are left
alone, so the same command goes on where it was stopped.
"""

import argparse
import sys
from pathlib import Path

from endings import clear_endings
from mmengine.device import get_device
from rich.console import Console
from rich.progress import track

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.apis import Predictor, build_class_branch, predict_images
from mmseg_usrn.apis.predict import PredictionWriter, find_images
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
    add('--out', type=Path, required=True, help='folder for the results')
    add('--no-overlays', action='store_true', help='masks alone')
    add('--confidence', action='store_true', help='confidence maps, too')
    add('--probabilities', action='store_true', help='all classes, too')
    add(
        '--batch-size',
        type=int,
        help='images of equal size at a time (default: 1 on CPUs, else 8)',
    )
    add('--device', default=get_device(), help='default: %(default)s')
    add('--force', action='store_true', help='predict done images again')
    add_trust_argument(parser)
    return parser.parse_args()


def main() -> int:
    """Predict and save.

    Returns:
        The exit code: 1 if an image could not be read.
    """
    args = parse_args()
    console = Console(stderr=True, highlight=False)
    with clear_endings():
        if not Path(args.config).is_file():
            raise ValueError(f'there is no config file {args.config}')
        images = find_images(args.images)
        model = build_class_branch(
            args.config, args.checkpoint, args.device, args.trust_checkpoint
        )
        predictor = Predictor(model)
    writer = PredictionWriter(
        args.out,
        model.dataset_meta['palette'],
        overlays=not args.no_overlays,
        confidence=args.confidence,
        probabilities=args.probabilities,
    )
    todo = [i for i in images if args.force or not writer.is_done(i)]
    batch_size = args.batch_size or (1 if args.device == 'cpu' else 8)
    failed = []
    for image, problem in track(
        predict_images(predictor, todo, writer, batch_size),
        total=len(todo),
        description='predicting',
        console=console,
    ):
        if problem:
            failed.append(f'  {image.path}: {str(problem).splitlines()[0]}')
    done = len(todo) - len(failed)
    print(f'{done} images predicted, {len(images) - len(todo)} done before')
    print(f'results in {args.out}')
    if failed:
        print(f'{len(failed)} could not be read:', *failed, sep='\n')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
