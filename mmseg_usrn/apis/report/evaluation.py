"""Predictions of the validation images against their masks.

Letters: ``K`` classes, ``H, W`` pixels of an image.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_usrn.apis.predict import Predictor
from mmseg_usrn.datasets import UnlabeledDataset
from mmseg_usrn.visualization import input_picture, shrink

WORST = 10
"""Images that are kept with their maps."""

LONGEST = 320
"""Pixels of the longer side of their pictures."""

Track = Callable[[Sequence[int]], Iterable[int]]


@dataclass(frozen=True)
class ImageResult:
    """How an image is predicted.

    Attributes:
        path: Its file.
        iou: Mean IoU of the classes in its mask or prediction, 0 to 1.
        maps: Image (h, w, 3) uint8 RGB, truth and prediction (H, W).
    """

    path: str
    iou: float
    maps: tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Evaluation:
    """How the validation images are predicted.

    Attributes:
        confusion: (K, K) int64 pixels, of a true class (row) as a class.
        image_ious: IoU of every image with a labeled pixel.
        worst: The worst images, the worst first.
    """

    confusion: np.ndarray
    image_ious: list[float]
    worst: list[ImageResult]

    @property
    def class_ious(self) -> np.ndarray:
        """(K,) IoU, NaN for classes without a pixel."""
        return class_ious(self.confusion)


def class_ious(confusion: np.ndarray) -> np.ndarray:
    """IoU of every class.

    Args:
        confusion: (K, K) pixels, true classes in rows.

    Returns:
        (K,) from 0 to 1; NaN where a class is neither true nor predicted.
    """
    hits = np.diag(confusion).astype(float)
    union = confusion.sum(0) + confusion.sum(1) - hits
    return np.divide(hits, union, np.full(len(hits), np.nan), where=union > 0)


def count_pairs(
    truth: np.ndarray, prediction: np.ndarray, num_classes: int
) -> np.ndarray:
    """Pixels of each true class, by predicted class.

    Args:
        truth: (H, W) integers; what is no class is left out.
        prediction: (H, W) integers in ``[0, K)``.
        num_classes: ``K``.

    Returns:
        (K, K) int64.
    """
    valid = (truth >= 0) & (truth < num_classes)
    pairs = truth[valid].astype(int) * num_classes + prediction[valid]
    counts = np.bincount(pairs, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def validation_images(cfg: Config) -> Any:
    """The validation images of a config, else its test images.

    Returns:
        A dataset, or None if there are no images with masks.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    for name in ('val_dataloader', 'test_dataloader'):
        if cfg.get(name):
            dataset = DATASETS.build(cfg[name].dataset)
            if not isinstance(dataset, UnlabeledDataset):
                return dataset
    return None


def evaluate(predictor: Predictor, dataset, track: Track = iter) -> Evaluation:
    """Predict the images of a dataset.

    Args:
        predictor: The class branch.
        dataset: Images with masks; one without ``gt_sem_seg`` is an error.
        track: Shows how far it is.

    Returns:
        Counts and the worst images.

    Raises:
        ValueError: If an image has no mask.
    """
    num_classes = len(dataset.metainfo['classes'])
    confusion = np.zeros((num_classes, num_classes), np.int64)
    ious: list[float] = []
    worst: list[ImageResult] = []
    for index in track(range(len(dataset))):
        sample = dataset[index]
        truth, path = _truth(sample)
        result = predictor.predict([sample])[0]
        prediction = result.pred_sem_seg.data[0].cpu().numpy()
        counts = count_pairs(truth, prediction, num_classes)
        if not counts.any():
            continue
        confusion += counts
        iou = float(np.nanmean(class_ious(counts)))
        ious.append(iou)
        if len(worst) < WORST or iou < worst[-1].iou:
            picture = shrink(input_picture(sample['inputs']), LONGEST)
            maps = picture, truth, prediction
            worst.append(ImageResult(path, iou, maps))
            worst = sorted(worst, key=lambda image: image.iou)[:WORST]
    return Evaluation(confusion, ious, worst)


def _truth(sample: dict) -> tuple[np.ndarray, str]:
    """Mask (H, W) and file of a loaded image."""
    data = sample['data_samples']
    path = data.metainfo.get('img_path', 'an image')
    if 'gt_sem_seg' not in data:
        raise ValueError(
            f'{path} has no mask: the report needs validation images whose '
            'pipeline has LoadAnnotations'
        )
    return data.gt_sem_seg.data[0].cpu().numpy(), path
