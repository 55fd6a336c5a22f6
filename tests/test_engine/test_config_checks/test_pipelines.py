"""Transforms where they do harm."""

import pytest

UNLABELED = 'train_dataloader.dataset.unlabeled.pipeline.4'
FLIP = dict(type='RandomFlip', prob=0.5)
PACK = dict(type='PackSegInputs')
LOAD = dict(type='LoadImageFromFile')


@pytest.mark.parametrize('branch', ['unsup_weak', 'unsup_strong'])
@pytest.mark.parametrize(
    'step',
    [
        FLIP,
        dict(type='RandomCrop', crop_size=(8, 8)),
        dict(type='Resize', scale=(9, 9)),
        dict(type='RandomScaleCrop', long_side=(8, 9), crop_size=(8, 8)),
        dict(type='RandomApply', transforms=[FLIP], prob=0.5),
        dict(type='Albu', transforms=[dict(type='HorizontalFlip', p=0.5)]),
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
