"""Judges pseudo labels by the masks that training does not see.

For one checkpoint, or several of a run to see the course of it::

    python experiments/analyse_pseudo_labels.py CONFIG iter_1500.pth \
        --out work_dirs/analysis --cfg-options \
        train_dataloader.dataset.unlabeled.ann_file=splits/1over16/seed0/unlabeled.txt

The unlabeled images go through the model as a whole, in evaluation mode,
without augmentation; where a run has a teacher, through that. These sets of
labels are counted: ``off`` as without the gate, ``entropy`` with the paper's
gate, ``dropped``, those of ``off`` that it took away or changed,
``renormalize`` with the gate that normalises again, and ``subclass``, those
of the subclass branch. Writes ``pseudo_labels.json`` and plots.
"""

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from mmengine.config import Config, DictAction
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from mmseg.registry import DATASETS, MODELS
from torch import Tensor, nn
from torch.utils.data import DataLoader

import mmseg_usrn  # noqa: F401  (registers the package)
from mmseg_usrn.engine.distributed import replace_sync_bn
from mmseg_usrn.models import USRN
from mmseg_usrn.models.semi import confident_labels, make_pseudo_labels

from .grids import RARE_CLASSES
from .plots import plot_course, plot_histograms

IGNORE = 255


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config of a semi-supervised run')
    parser.add_argument('checkpoints', nargs='+', type=Path)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument(
        '--num-images', type=int, help='use only so many of the images'
    )
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    return parser.parse_args()


def main() -> None:
    """Count, summarise, plot."""
    args = parse_args()
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    replace_sync_bn(cfg.model)
    init_default_scope(cfg.default_scope)
    dataset = unlabeled_with_masks(cfg, args.num_images)
    classes = dataset.metainfo['classes']
    model = MODELS.build(cfg.model).eval()
    model.to('cuda' if torch.cuda.is_available() else 'cpu')
    course = {}
    for path in args.checkpoints:
        load_checkpoint(model, str(path), map_location='cpu')
        counts = count_labels(model, dataset, len(classes))
        course[path.stem] = summarise(counts, classes)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / 'pseudo_labels.json').write_text(json.dumps(course, indent=2))
    plot_histograms(course[args.checkpoints[-1].stem], args.out)
    if len(course) > 1:
        plot_course(course, args.out)


def unlabeled_with_masks(cfg: Config, num_images: int | None):
    """The unlabeled images of a recipe, un-augmented, with their masks."""
    pair = cfg.train_dataloader.dataset
    dataset = dict(pair.labeled)
    dataset['ann_file'] = pair.unlabeled.ann_file
    dataset['pipeline'] = pair.feature_pipeline
    dataset['indices'] = num_images
    return DATASETS.build(dataset)


@torch.no_grad()
def count_labels(
    model: nn.Module, dataset, num_classes: int
) -> dict[str, Tensor]:
    """Pixels by true class (row) and pseudo label (column).

    Args:
        model: A ``USRN`` or ``SelfTraining`` in evaluation mode.
        dataset: Images with masks.
        num_classes: ``K``.

    Returns:
        ``truth`` (K,) int64, all pixels with a true class, and (K, K) int64
        for every set of labels.
    """
    counts = {'truth': torch.zeros(num_classes, dtype=torch.int64)}
    for batch in DataLoader(dataset, collate_fn=pseudo_collate):
        batch = model.data_preprocessor(batch, training=False)
        (sample,) = batch['data_samples']
        sets = label_sets(model, batch['inputs'])
        size = next(iter(sets.values()))[0].shape[1:]
        mask = sample.gt_sem_seg.data[None].float()
        truth = F.interpolate(mask, size=size)[0].long()
        counts['truth'] += confusion(truth, truth, num_classes).diag()
        for name, (labels, keep) in sets.items():
            seen = truth.masked_fill(~keep, IGNORE)
            zero = torch.zeros(num_classes, num_classes, dtype=torch.int64)
            counts[name] = counts.get(name, zero) + confusion(
                seen, labels, num_classes
            )
    return counts


def label_sets(
    model: nn.Module, inputs: Tensor
) -> dict[str, tuple[Tensor, Tensor]]:
    """Sets of labels, each with where they count, both (N, h, w)."""
    labeler = model.teacher.module if model.teacher else model
    if not isinstance(model, USRN):
        prob = labeler.forward_unlabeled(inputs).softmax(dim=1)
        return {'off': confident_labels(prob, model.threshold)}
    logits = labeler.forward_dual(inputs)
    parents = model.subclass_table.subclass_to_class
    off, entropy, renormalize = (
        make_pseudo_labels(*logits, parents, model.threshold, rule)
        for rule in ('never', 'entropy', 'renormalize')
    )
    lost = ~entropy.class_mask | (entropy.classes != off.classes)
    known = off.parents >= 0
    return {
        'off': (off.classes, off.class_mask),
        'entropy': (entropy.classes, entropy.class_mask),
        'dropped': (off.classes, off.class_mask & lost),
        'renormalize': (renormalize.classes, renormalize.class_mask),
        'subclass': (off.parents.clamp(min=0), off.subclass_mask & known),
    }


def confusion(truth: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Pixels by true class and label, (K, K) int64.

    Args:
        truth: int64 classes; those outside ``[0, K)`` do not count.
        labels: int64 classes of the same shape.
        num_classes: ``K``.
    """
    known = (truth >= 0) & (truth < num_classes)
    pairs = truth[known] * num_classes + labels[known]
    counts = torch.bincount(pairs, minlength=num_classes**2)
    return counts.view(num_classes, num_classes).cpu()


def summarise(counts: dict[str, Tensor], classes: tuple[str, ...]) -> dict:
    """Coverage and accuracy of every set of labels.

    Args:
        counts: Result of :func:`count_labels`.
        classes: ``K`` names.

    Returns:
        ``classes``; ``truth``, share of each class among all pixels; of
        every set ``coverage`` and ``accuracy`` over all pixels, the same over
        pixels of rare classes (``rare_coverage``, ``rare_accuracy``),
        ``rare_precision`` of the labels that name a rare class, and the
        ``histogram``, share of each class among the labels.
    """
    rare = [i for i, name in enumerate(classes) if name in RARE_CLASSES]
    truth = counts['truth']
    summary = {'classes': list(classes), 'truth': _shares(truth)}
    for name, matrix in counts.items():
        if name == 'truth':
            continue
        right = matrix.diag()
        summary[name] = {
            'coverage': _ratio(matrix.sum(), truth.sum()),
            'accuracy': _ratio(right.sum(), matrix.sum()),
            'rare_coverage': _ratio(matrix[rare].sum(), truth[rare].sum()),
            'rare_accuracy': _ratio(right[rare].sum(), matrix[rare].sum()),
            'rare_precision': _ratio(right[rare].sum(), matrix[:, rare].sum()),
            'histogram': _shares(matrix.sum(dim=0)),
        }
    return summary


def _ratio(part: Tensor, whole: Tensor) -> float | None:
    return round(float(part / whole), 4) if whole else None


def _shares(values: Tensor) -> list[float]:
    return [round(v, 5) for v in (values / values.sum().clamp(min=1)).tolist()]


if __name__ == '__main__':
    main()
