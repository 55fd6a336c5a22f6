"""What the tools that predict images share: arguments, progress, failures."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from mmengine.device import get_device
from mmseg.structures import SegDataSample
from rich.console import Console
from rich.progress import track

from mmseg_usrn.apis import Predictor, predict_images
from mmseg_usrn.apis.images import Image
from mmseg_usrn.engine.run_config import add_trust_argument

T = TypeVar('T')


def image_parser(description: str, out: str) -> argparse.ArgumentParser:
    """A parser of the model, the images and where the results go.

    Args:
        description: What the tool does.
        out: What ``--out`` is.
    """
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('config', help='config file of the recipe')
    add('checkpoint', help='checkpoint of the recipe or of its baseline')
    add('images', nargs='+', help='files, folders or patterns')
    add('--out', type=Path, required=True, help=out)
    add('--device', default=get_device(), help='default: %(default)s')
    add_trust_argument(parser)
    return parser


def show_progress(items: Iterable[T], total: int | None = None) -> Iterable[T]:
    """The items, with a bar of progress on the screen.

    Args:
        items: What is done, one after the other.
        total: Their number; needed if they have no length.
    """
    console = Console(stderr=True, highlight=False)
    return track(items, 'predicting', total, console=console)


def predict_all(
    predictor: Predictor,
    images: Sequence[Image],
    save: Callable[[Image, SegDataSample], None],
    batch_size: int = 1,
) -> list[str]:
    """Predict and save images, with a bar of progress.

    Args:
        predictor: The model.
        images: What to predict.
        save: Called with each image and its prediction.
        batch_size: As of :func:`predict_images`.

    Returns:
        A line for each image that could not be read, with the reason.
    """
    results = predict_images(predictor, images, save, batch_size)
    return [
        f'  {image.path}: {str(problem).splitlines()[0]}'
        for image, problem in show_progress(results, len(images))
        if problem
    ]


def exit_code(failed: list[str]) -> int:
    """Print the images that could not be read.

    Args:
        failed: As of :func:`predict_all`.

    Returns:
        1 if there are any.
    """
    if failed:
        print(f'{len(failed)} could not be read:', *failed, sep='\n')
    return 1 if failed else 0
