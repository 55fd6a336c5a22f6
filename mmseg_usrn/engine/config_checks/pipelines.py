"""Transforms that stand where they do harm."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from .mistakes import Mistake
from .places import Place, walk
from .signatures import is_of_stack, lineage

GEOMETRIC = frozenset(
    (
        *('Resize', 'RandomResize', 'RandomChoiceResize', 'Pad', 'ReflectPad'),
        *('RandomFlip', 'RandomCrop', 'CenterCrop', 'MultiScaleFlipAug'),
        *('RandomScaleCrop', 'RandomRotate', 'RandomRotFlip', 'RandomMosaic'),
        *('ResizeToMultiple', 'ResizeShortestEdge'),
    )
)
"""Transforms that move pixels."""

RANDOM = frozenset(
    (
        *('PhotoMetricDistortion', 'ColorJitter', 'GaussianBlur', 'Albu'),
        *('BioMedicalGaussianNoise', 'BioMedicalGaussianBlur', 'MultiBranch'),
    )
)
"""Transforms that draw, whose names do not begin with Random."""

ALBU = frozenset(
    (
        *('HorizontalFlip', 'VerticalFlip', 'Flip', 'Transpose', 'Rotate'),
        *('RandomRotate90', 'ShiftScaleRotate', 'Affine', 'Perspective'),
        *('RandomCrop', 'RandomResizedCrop', 'RandomSizedCrop', 'CenterCrop'),
        *('Resize', 'RandomScale', 'ElasticTransform', 'GridDistortion'),
        *('OpticalDistortion', 'D4', 'SafeRotate', 'PiecewiseAffine'),
        *('SquareSymmetry', 'ThinPlateSpline', 'GridElasticDeform'),
        *('RandomGridShuffle', 'CropAndPad', 'RandomCropFromBorders'),
    )
)
"""Those of albumentations, inside ``Albu``."""

BRANCH = 'unsup_'


def pipeline_mistakes(cfg: Config) -> Iterator[Mistake]:
    """Transforms that would teach or measure something else.

    Args:
        cfg: A whole config.
    """
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        for place in walk(cfg.get(name), (name,)):
            yield from _strong_view(place)
            yield from _cells(place)
            yield from _ends(place)
            yield from _without_draws(place, name != 'train_dataloader')
            if name != 'train_dataloader':
                yield from _order(place)


def _strong_view(place: Place) -> Iterator[Mistake]:
    """Geometry in a branch, where the views no longer match."""
    in_branch = any(str(k).startswith(BRANCH) for k in place.path)
    moves = _moves_by_albu(place.config) or _is_kind(place, GEOMETRIC)
    if in_branch and moves:
        yield Mistake(
            place.name,
            f': {place.config["type"]} moves the pixels of one view, so that '
            "its pseudo labels, made on the other view, don't fit",
            'move it in front of MultiBranch',
        )


def _moves_by_albu(step: Mapping) -> bool:
    """Whether a step is ``Albu`` with geometry inside, at any depth."""
    return step_name(step) == 'Albu' and _holds_geometry(step)


def _holds_geometry(step: Any) -> bool:
    """Whether one of albumentations is geometry, or holds some."""
    inside = step.get('transforms') if isinstance(step, Mapping) else None
    inside = inside if isinstance(inside, list | tuple) else ()
    return step_name(step) in ALBU or any(map(_holds_geometry, inside))


def _cells(place: Place) -> Iterator[Mistake]:
    """Geometry that leaves the cell map behind, or blends it."""
    for key, steps in place.config.items():
        if not str(key).endswith('pipeline') or not isinstance(steps, list):
            continue
        names = [step_name(step) for step in steps]
        if 'AddCellMap' not in names:
            continue
        for i in range(names.index('AddCellMap') + 1, len(steps)):
            for inner in walk(steps[i], (*place.path, key, i)):
                yield from _of_cells(inner)


def _of_cells(place: Place) -> Iterator[Mistake]:
    """What a transform behind ``AddCellMap`` does to the cells."""
    step = place.config
    targets = step.get('additional_targets')
    targets = targets if isinstance(targets, Mapping) else {}
    if _moves_by_albu(step) and targets.get('gt_cell_map') != 'mask':
        yield Mistake(
            place.name,
            ': Albu moves image and labels, but not gt_cell_map, so that '
            'pixels get the subclasses of other places',
            "set its additional_targets=dict(gt_cell_map='mask')",
        )
    rotates = step.get('rotate_prob', 0.5) != 0
    if step_name(step) == 'RandomRotFlip' and rotates:
        yield Mistake(
            place.name,
            ': RandomRotFlip blends the labels and gt_cell_map where it '
            'rotates them, so that pixels get other labels and subclasses',
            'set its rotate_prob=0, and rotate with RandomRotate',
        )


def _ends(place: Place) -> Iterator[Mistake]:
    """Views that nothing packs."""
    for branch, steps in place.config.items():
        if not str(branch).startswith(BRANCH) or not isinstance(steps, list):
            continue
        if not steps or not _may_pack(steps[-1]):
            yield Mistake(
                place.at(branch),
                ': the pipeline of a view packs what it has made',
                "end it with dict(type='PackSegInputs')",
            )


def _may_pack(step: Any) -> bool:
    """Whether a step packs, or may as it is none of this stack's."""
    cls = next((p.cls for p in walk(step, ('pipeline',))), None)
    is_own = cls is not None and not is_of_stack(cls)
    return is_own or step_name(step).startswith('Pack')


def _without_draws(place: Place, evaluated: bool) -> Iterator[Mistake]:
    """Draws where every image must be seen as it is."""
    keys = [str(key) for key in place.path]
    if not (evaluated or 'feature_pipeline' in keys):
        return
    if any(key.endswith('pipeline') for key in keys) and is_random(place):
        where = 'evaluated' if evaluated else 'clustered'
        yield Mistake(
            place.name,
            f': {place.config["type"]} draws at random, but this pipeline '
            f'loads images that are {where}',
            'take it out',
        )


def is_random(place: Place) -> bool:
    """Whether a transform changes an image in another way each time."""
    name = str(place.config.get('type', ''))
    drawn = place.cls is not None and _is_kind(place, RANDOM)
    if not (drawn or name.startswith('Random')):
        return False
    return place.config.get('prob') not in (0, 1)


def _order(place: Place) -> Iterator[Mistake]:
    """Masks that are loaded too early to keep their size."""
    for key, steps in place.config.items():
        if not str(key).endswith('pipeline') or not isinstance(steps, list):
            continue
        names = [step_name(step) for step in steps]
        loads = [i for i, n in enumerate(names) if loads_masks(n)]
        resizes = [i for i, n in enumerate(names) if n == 'Resize']
        if loads and resizes and loads[0] < resizes[0]:
            yield Mistake(
                f'{place.name}.{key}.{loads[0]}',
                f': {names[loads[0]]} before Resize, which would change the '
                'masks that predictions are compared with',
                f'move it behind Resize ({key}.{resizes[0]})',
            )


def may_load_masks(step: Any) -> bool:
    """Whether a step loads masks, or may as it is none of this stack's.

    Args:
        step: A step of a pipeline.
    """
    for place in walk([step], ('pipeline',)):
        known = place.cls is None or is_of_stack(place.cls)
        if not known or any(map(loads_masks, lineage(place.cls))):
            return True
    return False


def loads_masks(name: str) -> bool:
    """Whether a transform of this name loads masks."""
    return name.startswith('Load') and ('Annotation' in name or 'Mask' in name)


def step_name(step: Any) -> str:
    """Name of a transform in a pipeline."""
    kind = step.get('type', '') if isinstance(step, Mapping) else step
    return getattr(kind, '__name__', str(kind)).split('.')[-1]


def _is_kind(place: Place, names: frozenset[str]) -> bool:
    """Whether a transform or one of its bases is among some names."""
    own = lineage(place.cls) or [step_name(place.config)]
    return not names.isdisjoint(own)
