"""The page: what it shows, and where that comes from.

Letters: ``S`` subclasses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jinja2
import numpy as np
from mmengine.registry import init_default_scope
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import DATASETS, MODELS

from mmseg_usrn.apis.class_branch import build_class_branch
from mmseg_usrn.apis.predict import Predictor
from mmseg_usrn.datasets import PairedDataset
from mmseg_usrn.models import USRN
from mmseg_usrn.models.checkpoints import load_weights, read_checkpoint
from mmseg_usrn.visualization import (
    draw_segmentation,
    plot_class_balance,
    shrink,
)

from .classes import class_rows, mean_row
from .evaluation import Evaluation, Track, evaluate, validation_images
from .figures import (
    plot_confusion,
    plot_curves,
    plot_image_ious,
    plot_shares,
)
from .label_pictures import read_label_pictures
from .label_quality import (
    LabelHistory,
    find_truth,
    measure_history,
    quality_rows,
)
from .pictures import jpeg_uri, svg_uri
from .run_record import RunRecord
from .subclass_atlas import AtlasEntry, count_cells, make_atlas

_GAP = ((0, 0), (0, 4), (0, 0))
"""White beside a crop."""

LONGEST = 1200
"""Pixels of the longer side of a picture of pseudo labels."""


@dataclass(frozen=True)
class Subclasses:
    """Cells and class of every subclass, and the atlas.

    Attributes:
        cells: ``S`` numbers of labeled cells.
        parents: ``S`` classes, -1 where no class uses the subclass.
        atlas: Crops of those in use.
    """

    cells: list[int]
    parents: list[int]
    atlas: list[AtlasEntry]


def write_report(
    run: RunRecord,
    out: Path,
    baseline: RunRecord | None = None,
    device: str = 'cpu',
    trust: bool = False,
    track: Track = iter,
    unlabeled_masks: str | None = None,
) -> None:
    """Write one HTML file that needs no other.

    Args:
        run: What is reported.
        out: The file.
        baseline: Another run, evaluated on the same validation images.
        device: Where the models run.
        trust: Read whatever the checkpoints hold.
        track: Shows how far the evaluation is.
        unlabeled_masks: Folder with masks of unlabeled images, against which
            the pseudo labels are measured.

    Raises:
        ValueError: If the runs have other classes, or a file does not fit.
    """
    truth = find_truth(run, unlabeled_masks) if unlabeled_masks else None
    model = _class_branch(run, device, trust)
    dataset = validation_images(run.config)
    before = result = None
    if baseline:
        if dataset is None:
            raise ValueError(
                f'{run.folder} has no validation images with masks on which '
                f'it could be compared with {baseline.folder}'
            )
        other = _class_branch(baseline, device, trust)
        _check_classes(model, other, baseline)
        before = evaluate(Predictor(other), dataset, track)
    if dataset is not None:
        result = evaluate(Predictor(model), dataset, track)
    subclasses = _subclasses(run, device, trust)
    contents = _contents(model.dataset_meta, result, before, subclasses)
    history = None
    if truth:
        history = measure_history(run, truth, device, trust, track)
    template = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined
    ).from_string(files(__package__).joinpath('page.html.j2').read_text())
    text = template.render(
        run=run,
        baseline=baseline,
        result=result,
        curves=_uris(plot_curves(run.series)),
        label_pictures=_label_pictures(run.folder),
        history=history,
        qualities=quality_rows(history.quality[-1]) if history else [],
        quality_curve=_quality_curve(history),
        **contents,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding='utf-8')


def _contents(
    meta: dict,
    result: Evaluation | None,
    before: Evaluation | None,
    subclasses: Subclasses | None,
) -> dict:
    """Tables and pictures, for the template."""
    classes, palette = meta['classes'], meta['palette']
    figures = {}
    counted = None
    pixels, ious = np.zeros(len(classes)), np.full(len(classes), np.nan)
    if result:
        figures['confusion'] = plot_confusion(result.confusion, classes)
        figures['image_ious'] = plot_image_ious(result.image_ious)
        pixels, ious = result.confusion.sum(1), result.class_ious
        counted = 'validation pixels'
    if subclasses:
        counted = 'labeled cells of the last clustering'
        pixels = np.zeros(len(classes), int)
        for cells, k in zip(subclasses.cells, subclasses.parents, strict=True):
            if k >= 0:
                pixels[k] += cells
        figures['balance'] = plot_class_balance(
            subclasses.cells, subclasses.parents, classes, palette
        )
    rows = class_rows(
        classes,
        palette,
        pixels,
        ious,
        before.class_ious if before else None,
    )
    return dict(
        rows=rows,
        means={'all': mean_row(rows), 'rare': mean_row(rows, rare=True)},
        counted=counted,
        figures=_uris(figures),
        worst=_worst(result, palette) if result else [],
        atlas=_atlas(subclasses.atlas) if subclasses else {},
    )


def _class_branch(run: RunRecord, device: str, trust: bool) -> EncoderDecoder:
    return build_class_branch(run.config, str(run.checkpoint), device, trust)


def _check_classes(
    model: EncoderDecoder, other: EncoderDecoder, baseline: RunRecord
) -> None:
    ours, theirs = (m.dataset_meta['classes'] for m in (model, other))
    if ours != theirs:
        raise ValueError(
            f'the baseline {baseline.folder} has other classes: '
            f'{", ".join(theirs)} instead of {", ".join(ours)}'
        )


def _subclasses(run: RunRecord, device: str, trust: bool) -> Subclasses | None:
    """Those of a run, None if it has none, or none yet."""
    init_default_scope(run.config.get('default_scope', 'mmseg'))
    if not issubclass(MODELS.get(run.config.model.type), USRN):
        return None
    model = MODELS.build(run.config.model)
    load_weights(model, read_checkpoint(str(run.checkpoint), trust=trust))
    if not model.subclass_table.is_ready:
        return None
    dataset = DATASETS.build(run.config.train_dataloader.dataset)
    if not isinstance(dataset, PairedDataset):
        return None
    atlas = make_atlas(model.to(device).eval(), dataset)
    table = model.subclass_table
    cells = count_cells(table).tolist()
    return Subclasses(cells, table.subclass_to_class.tolist(), atlas)


def _uris(figures: dict) -> dict[str, str]:
    return {name: svg_uri(figure) for name, figure in figures.items()}


def _label_pictures(folder: Path) -> dict[int, str]:
    """Pictures of the pseudo labels, by iteration."""
    return {
        step: jpeg_uri(shrink(picture, LONGEST))
        for step, picture in read_label_pictures(folder).items()
    }


def _quality_curve(history: LabelHistory | None) -> str | None:
    """How right they are over time, if there are several checkpoints."""
    if history is None or len(history.steps) < 2:
        return None
    return svg_uri(plot_shares(history.steps, history.shares()))


def _worst(result: Evaluation, palette: Sequence) -> list[dict]:
    """Pictures of the worst images, for the template."""
    shown = []
    for image in result.worst:
        picture, truth, prediction = image.maps
        drawn = (
            draw_segmentation(picture, labels, palette)
            for labels in (truth, prediction)
        )
        pictures = [jpeg_uri(p) for p in (picture, *drawn)]
        titles = 'image', 'truth', 'prediction'
        shown.append(
            dict(
                name=Path(image.path).name,
                iou=100 * image.iou,
                pictures=list(zip(titles, pictures, strict=True)),
            )
        )
    return shown


def _atlas(entries: list[AtlasEntry]) -> dict[int, list[dict]]:
    """Strips of crops by class, for the template."""
    shown: dict[int, list[dict]] = {}
    for entry in entries:
        crops = [np.pad(c, _GAP, constant_values=255) for c in entry.crops]
        shown.setdefault(entry.class_index, []).append(
            dict(
                subclass=entry.subclass,
                cells=entry.cells,
                strip=jpeg_uri(np.hstack(crops), 75) if crops else None,
            )
        )
    return shown
