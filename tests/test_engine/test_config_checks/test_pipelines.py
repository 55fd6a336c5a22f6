"""Transforms where they do harm."""

import pytest

LABELED = 'train_dataloader.dataset.labeled.pipeline'
UNLABELED = 'train_dataloader.dataset.unlabeled.pipeline.4'
FLIP = dict(type='RandomFlip', prob=0.5)
PACK = dict(type='PackSegInputs')
LOAD = dict(type='LoadImageFromFile')
ALBU_FLIP = dict(type='HorizontalFlip', p=0.5)
ONE_OF = dict(type='OneOf', transforms=[dict(type='CLAHE'), ALBU_FLIP])
NESTED = dict(type='Compose', transforms=[ONE_OF])


@pytest.mark.parametrize('branch', ['unsup_weak', 'unsup_strong'])
@pytest.mark.parametrize(
    'step',
    [
        FLIP,
        dict(type='RandomCrop', crop_size=(8, 8)),
        dict(type='Resize', scale=(9, 9)),
        dict(type='RandomScaleCrop', long_side=(8, 9), crop_size=(8, 8)),
        dict(type='RandomApply', transforms=[FLIP], prob=0.5),
        dict(type='Albu', transforms=[ALBU_FLIP]),
        dict(type='Albu', transforms=[NESTED]),
    ],
)
def test_geometry_inside_a_view(found, branch, step):
    sentences = found({f'{UNLABELED}.{branch}': [step, PACK]})
    assert len(sentences) == 1
    assert 'moves the pixels of one view' in sentences[0]
    assert 'in front of MultiBranch' in sentences[0]


@pytest.mark.parametrize(
    'step',
    [
        dict(type='ColorJitter', brightness=0.4),
        dict(type='Albu', transforms=[dict(type='CLAHE', p=0.5)]),
    ],
)
def test_colours_inside_a_view(found, step):
    assert found({f'{UNLABELED}.unsup_strong': [step, PACK]}) == []


def behind_cells(step):
    """A labeled pipeline with a step behind its ``AddCellMap``."""
    annotations, cells = dict(type='LoadAnnotations'), dict(type='AddCellMap')
    pack = dict(type='PackLabeledInputs')
    return {LABELED: [LOAD, annotations, cells, step, pack]}


@pytest.mark.parametrize('inside', [ALBU_FLIP, ONE_OF, NESTED])
@pytest.mark.parametrize('wrapped', [False, True])
def test_cells_that_are_left_behind(only, inside, wrapped):
    step, place = dict(type='Albu', transforms=[inside]), f'{LABELED}.3'
    if wrapped:
        step = dict(type='RandomApply', transforms=[step])
        place = f'{place}.transforms.0'
    only(
        behind_cells(step),
        f'{place}: Albu moves image and labels, but not gt_cell_map',
        "set its additional_targets=dict(gt_cell_map='mask')",
    )


def test_cells_that_are_blended(only):
    only(
        behind_cells(dict(type='RandomRotFlip', rotate_prob=0.5)),
        f'{LABELED}.3: RandomRotFlip blends',
        'RandomRotate',
    )


@pytest.mark.parametrize(
    'step',
    [
        FLIP,
        dict(type='RandomRotate', prob=0.5, degree=10),
        dict(type='RandomRotFlip', rotate_prob=0),
        dict(type='Albu', transforms=[dict(type='CLAHE', p=0.5)]),
        dict(
            type='Albu',
            transforms=[NESTED],
            additional_targets=dict(gt_cell_map='mask'),
        ),
    ],
)
def test_cells_that_move_with_their_labels(found, step):
    assert found(behind_cells(step)) == []


@pytest.mark.parametrize('steps', [[], [dict(type='ColorJitter')]])
def test_views_that_nothing_packs(only, steps):
    only({f'{UNLABELED}.unsup_strong': steps}, 'packs what it has made')


@pytest.mark.parametrize(
    'step', [FLIP, dict(type='PhotoMetricDistortion')], ids=lambda s: s['type']
)
@pytest.mark.parametrize(
    'place, word',
    [
        ('train_dataloader.dataset.feature_pipeline', 'clustered'),
        ('val_dataloader.dataset.pipeline', 'evaluated'),
    ],
)
def test_draws_where_images_are_seen_as_they_are(only, step, place, word):
    annotations = dict(type='LoadAnnotations')
    steps = [LOAD, step, annotations, PACK]
    only({place: steps}, f'{place}.1', 'draws at random', word)


def test_masks_that_would_be_resized(only):
    steps = [
        LOAD,
        dict(type='LoadAnnotations'),
        dict(type='Resize', scale=(32, 32)),
        PACK,
    ]
    only(
        {'val_dataloader.dataset.pipeline': steps},
        'pipeline.1: LoadAnnotations before Resize',
        'behind Resize (pipeline.2)',
    )
