"""How right pseudo labels are, where the truth is known.

Letters: ``K`` classes, ``N`` images, ``h, w`` size of the label maps.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS
from torch import Tensor

from mmseg_usrn.datasets import PairedDataset
from mmseg_usrn.datasets.fixed_views import as_batch, fixed_view, spread
from mmseg_usrn.datasets.hidden_truth import HiddenTruth
from mmseg_usrn.engine.work_dir import checkpoints, folders_of, is_whole
from mmseg_usrn.models.checkpoints import load_weights, read_checkpoint
from mmseg_usrn.models.segmentors.semi_supervised import (
    SemiSupervisedSegmentor,
)
from mmseg_usrn.models.semi import LabelSteps, trace_pseudo_labels

from .evaluation import Track
from .run_record import RunRecord

MOST_IMAGES = 300
"""Unlabeled images that are labeled, evenly chosen from those with a mask."""


TITLES = {
    'kept': 'kept',
    'kept_right': 'right of the kept',
    'rejected_right': 'right of the rejected',
    'class_right': 'class branch right',
    'subclass_right': 'subclass branch right',
}
"""What :meth:`LabelQuality.shares` has, in words."""


@dataclass(frozen=True)
class LabelQuality:
    """Pixels of pseudo labels by true class, each (K,) int64.

    Attributes:
        pixels: All pixels with a true class.
        kept: Those with a label that is learned from.
        kept_right: Of these, those whose label is right.
        rejected_right: Of the others, those whose label would be right.
        class_right: Those where the class branch alone is right.
        subclass_right: Those where the subclass branch is; None without one.
    """

    pixels: np.ndarray
    kept: np.ndarray
    kept_right: np.ndarray
    rejected_right: np.ndarray
    class_right: np.ndarray
    subclass_right: np.ndarray | None = None

    def __add__(self, other: 'LabelQuality') -> 'LabelQuality':
        pairs = zip(vars(self).items(), vars(other).values(), strict=True)
        sums: dict[str, Any] = {
            name: one if one is None else one + two
            for (name, one), two in pairs
        }
        return LabelQuality(**sums)

    def total(self) -> 'LabelQuality':
        """Of all classes together, (1,)."""
        sums: dict[str, Any] = {
            name: value if value is None else value.sum(keepdims=True)
            for name, value in vars(self).items()
        }
        return LabelQuality(**sums)

    def shares(self) -> dict[str, np.ndarray]:
        """Per cent, (K,), NaN where there is no pixel to count.

        Returns:
            ``kept`` of all pixels; how many are right of the kept, of the
            rejected, and of all pixels by each branch alone.
        """
        counts = {
            'kept': (self.kept, self.pixels),
            'kept_right': (self.kept_right, self.kept),
            'rejected_right': (self.rejected_right, self.pixels - self.kept),
            'class_right': (self.class_right, self.pixels),
        }
        if self.subclass_right is not None:
            counts['subclass_right'] = (self.subclass_right, self.pixels)
        return {
            name: _per_cent(part, whole)
            for name, (part, whole) in counts.items()
        }


def _per_cent(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    nothing = np.full(len(whole), np.nan)
    return 100 * np.divide(part, whole, nothing, where=whole > 0)


def count_right(
    truth: Tensor, steps: LabelSteps, classes: int
) -> LabelQuality:
    """Compare pseudo labels with the truth.

    Args:
        truth: (N, h, w) int64; what is no class is left out.
        steps: Labels of the same images.
        classes: ``K``.
    """
    valid = (truth >= 0) & (truth < classes)

    def count(mask: Tensor) -> np.ndarray:
        found = truth[valid & mask].cpu()
        return torch.bincount(found, minlength=classes).numpy()

    right = steps.labels == truth
    parents = steps.parents
    return LabelQuality(
        pixels=count(valid),
        kept=count(steps.kept),
        kept_right=count(steps.kept & right),
        rejected_right=count(~steps.kept & right),
        class_right=count(steps.prediction == truth),
        subclass_right=None if parents is None else count(parents == truth),
    )


@torch.no_grad()
def measure_labels(
    model: SemiSupervisedSegmentor,
    truth: HiddenTruth,
    indices: Sequence[int],
    track: Track = iter,
) -> LabelQuality:
    """Label unlabeled images as training does and compare.

    Args:
        model: Makes the labels.
        truth: Images with masks.
        indices: Of the images.
        track: Shows how far it is.
    """
    found = []
    for index in track(indices):
        data = model.data_preprocessor(
            as_batch([fixed_view(truth, index)]), training=True
        )
        (inputs,), (samples,) = (part.values() for part in data.values())
        steps = trace_pseudo_labels(model, inputs, samples)
        masks = samples[0].gt_sem_seg.data[None].float()
        size = steps.labels.shape[1:]
        masks = F.interpolate(masks, size, mode='nearest-exact')[0].long()
        found.append(count_right(masks, steps, model.num_classes))
    return sum(found[1:], start=found[0])


@dataclass(frozen=True)
class LabelHistory:
    """How right the pseudo labels are at the checkpoints of a run.

    Attributes:
        images: Number of images that are labeled.
        steps: Iterations, ascending.
        quality: At each of them.
    """

    images: int
    steps: list[int]
    quality: list[LabelQuality]

    def shares(self) -> dict[str, list[float]]:
        """Of all classes together, by title, at each of the steps."""
        found = [quality.total().shares() for quality in self.quality]
        return {
            title: [float(f.get(name, [np.nan])[0]) for f in found]
            for name, title in TITLES.items()
        }


def quality_rows(quality: LabelQuality) -> list[dict[str, float | None]]:
    """All classes together, then each class, for the page.

    Returns:
        Per cent by name; ``pixels`` is the share of all pixels. None where
        there is nothing to count.
    """
    rows = []
    every = max(int(quality.pixels.sum()), 1)
    for part in (quality.total(), quality):
        shares = {name: part.shares().get(name) for name in TITLES}
        shares['pixels'] = 100 * part.pixels / every
        rows += [
            {
                name: None
                if values is None or np.isnan(values[k])
                else float(values[k])
                for name, values in shares.items()
            }
            for k in range(len(part.pixels))
        ]
    return rows


def find_truth(run: RunRecord, masks: str) -> HiddenTruth:
    """The unlabeled images of a run that have a mask.

    Args:
        run: The run.
        masks: Folder of the masks.

    Raises:
        ValueError: If the run makes no pseudo labels, or no image has a mask.
    """
    init_default_scope(run.config.get('default_scope', 'mmseg'))
    kind = MODELS.get(run.config.model.type)
    if not issubclass(kind, SemiSupervisedSegmentor):
        raise ValueError(
            f'{run.folder} is a run of {run.config.model.type}, which makes '
            'no pseudo labels: leave --unlabeled-masks out'
        )
    dataset = DATASETS.build(run.config.train_dataloader.dataset)
    if not isinstance(dataset, PairedDataset):
        raise ValueError(
            f'{run.folder} was not trained on a PairedDataset: leave '
            '--unlabeled-masks out'
        )
    return HiddenTruth(dataset, masks)


def measure_history(
    run: RunRecord,
    truth: HiddenTruth,
    device: str,
    trust: bool,
    track: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> LabelHistory:
    """How right the labels of all checkpoints of a run are.

    Args:
        run: The run; the best checkpoint alone if there is no other.
        truth: Of :func:`find_truth`.
        device: Where the models run.
        trust: Read whatever the checkpoints hold.
        track: Shows how far it is.
    """
    saved = checkpoints(*folders_of(run.config))
    files = [path for path in saved if is_whole(path)]
    known = sorted(truth.sources)
    indices = [known[place] for place in spread(len(known), MOST_IMAGES)]
    found = {}
    for path in files or [run.checkpoint]:
        model, step = _load(run, path, trust)
        found[step] = measure_labels(model.to(device), truth, indices, track)
    steps = sorted(found)
    return LabelHistory(len(indices), steps, [found[s] for s in steps])


def _load(run: RunRecord, path: Path, trust: bool):
    """The model of a checkpoint, and its iteration."""
    model = MODELS.build(run.config.model)
    checkpoint = read_checkpoint(str(path), trust=trust)
    load_weights(model, checkpoint).check_class_branch(str(path))
    return model, int(checkpoint.get('meta', {}).get('iter') or 0)
