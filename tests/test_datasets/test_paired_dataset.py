"""Pairs of labeled and unlabeled samples, with real datasets and loaders."""

from collections import Counter
from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import DATASETS, MODELS


@pytest.fixture
def config(toy_config) -> dict:
    """Config of a paired dataset of 5 labeled and 7 unlabeled images."""
    init_default_scope('mmseg')
    return toy_config.train_dataloader.dataset.to_dict()


def names(samples) -> list[str]:
    return [sample.img_path.split('/')[-1] for sample in samples]


def test_item(config):
    np.random.seed(0)
    dataset = DATASETS.build(config)
    item = dataset[3]
    assert len(dataset) == 5
    assert list(item) == ['inputs', 'data_samples']
    for part in item.values():
        assert list(part) == ['sup', 'unsup_weak', 'unsup_strong']
    sample = item['data_samples']['sup']
    assert sample.img_path.endswith('labeled/3.png')
    assert sample.labeled_index == 3
    assert sample.gt_sem_seg.shape == sample.gt_cell_map.shape
    assert dataset.cell_stride == 8
    assert dataset.metainfo['classes'] == ('ground', 'one', 'two', 'three')


def test_views_are_aligned(config):
    """The views of the toy data differ in nothing: equal pixel by pixel."""
    np.random.seed(0)
    dataset = DATASETS.build(dict(config, num_unlabeled=2))
    for index in range(5):
        item = dataset[index]
        weak, strong = list(item['inputs'].values())[1:]
        assert len(weak) == len(strong) == 2
        assert all(map(torch.equal, weak, strong))
        weak, strong = list(item['data_samples'].values())[1:]
        assert [w.img_path for w in weak] == [s.img_path for s in strong]
        assert [w.flip for w in weak] == [s.flip for s in strong]


def test_unlabeled_images_differ_between_passes(config):
    np.random.seed(0)
    dataset = DATASETS.build(config)
    passes = [
        tuple(
            names(dataset[i]['data_samples']['unsup_weak'])[0]
            for i in range(5)
        )
        for _ in range(12)
    ]
    assert len(set(passes)) == 12
    assert set(sum(passes, ())) == {f'{i}.png' for i in range(7)}


def test_labeled_index_is_that_of_the_image_that_was_loaded(config):
    """BaseDataset takes another image where a transform returns None."""
    dataset = DATASETS.build(config)
    pipeline = dataset.labeled.pipeline
    dataset.labeled.pipeline = lambda results: (
        None if results['sample_idx'] == 2 else pipeline(results)
    )
    sample = dataset[2]['data_samples']['sup']
    assert sample.labeled_index != 2
    assert sample.img_path.endswith(f'labeled/{sample.labeled_index}.png')


@pytest.mark.parametrize('num_workers', [0, 2])
def test_labeled_images_come_equally_often(toy_config, num_workers):
    init_default_scope('mmseg')
    config = toy_config.train_dataloader
    config.num_workers = num_workers
    config.persistent_workers = num_workers > 0
    config.dataset.num_unlabeled = 2
    batches = iter(Runner.build_dataloader(config, seed=0))
    labeled, unlabeled = Counter(), Counter()
    for _ in range(10):  # of 2: four times each of the five images
        batch = next(batches)
        labeled.update(names(batch['data_samples']['sup']))
        for samples in batch['data_samples']['unsup_weak']:
            assert len(samples) == 2
            unlabeled.update(names(samples))
    assert labeled == {f'{i}.png': 4 for i in range(5)}
    assert len(unlabeled) == 7


def test_batch_of_the_preprocessor(toy_config):
    """num_unlabeled=2: twice as many unlabeled images, paired in order."""
    init_default_scope('mmseg')
    config = toy_config.train_dataloader
    config.dataset.num_unlabeled = 2
    batch = next(iter(Runner.build_dataloader(config, seed=0)))
    preprocess = MODELS.build(
        dict(
            type='MultiBranchDataPreprocessor',
            data_preprocessor=toy_config.model.data_preprocessor,
        )
    )
    data = preprocess(deepcopy(batch), training=True)
    assert data['inputs']['sup'].shape == (2, 3, 40, 40)
    weak, strong = data['inputs']['unsup_weak'], data['inputs']['unsup_strong']
    assert weak.shape == (4, 3, 40, 40)
    assert torch.equal(weak, strong)
    samples = data['data_samples']
    assert names(samples['unsup_weak']) == names(samples['unsup_strong'])


def test_without_augmentation(config, toy_root):
    dataset = DATASETS.build(config)
    plain = dataset.without_augmentation()
    for index in range(5):
        packed = plain[index]
        assert packed['inputs'].shape == (3, 48, 64)
        assert packed['data_samples'].gt_sem_seg.shape == (48, 64)
    assert 'gt_cell_map' in dataset[0]['data_samples']['sup'], 'as it was'


def test_feature_pipeline(config):
    config['feature_pipeline'] = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(32, 24)),
        dict(type='LoadAnnotations'),
        dict(type='PackSegInputs'),
    ]
    packed = DATASETS.build(config).without_augmentation()[0]
    assert packed['inputs'].shape == (3, 24, 32)
    assert packed['data_samples'].gt_sem_seg.shape == (48, 64)


def test_number_of_unlabeled_images_must_be_positive(config):
    with pytest.raises(ValueError, match='num_unlabeled must be >= 1, got 0'):
        DATASETS.build(dict(config, num_unlabeled=0))


@pytest.mark.parametrize('part', ['labeled', 'unlabeled'])
def test_empty_part_is_named(config, toy_root, part):
    (toy_root / 'empty').mkdir()
    config[part]['data_prefix']['img_path'] = 'empty'
    with pytest.raises(ValueError, match=f'{part} dataset has no image') as e:
        DATASETS.build(config)
    assert 'empty' in str(e.value)


def test_cell_map_must_be_in_the_pipeline(config):
    del config['labeled']['pipeline'][2]
    with pytest.raises(ValueError, match='must hold AddCellMap once'):
        DATASETS.build(config)


def test_wrapper_around_the_labeled_part_is_refused(config):
    config['labeled'] = dict(
        type='RepeatDataset', times=3, dataset=config['labeled']
    )
    with pytest.raises(ValueError, match='not a wrapper; got RepeatDataset'):
        DATASETS.build(config)


def test_unlabeled_part_without_branches_is_refused(config):
    config['unlabeled']['pipeline'][-1] = dict(type='PackSegInputs')
    with pytest.raises(ValueError, match='must end with MultiBranch'):
        DATASETS.build(config)


def test_branches_of_other_names_are_refused(config):
    branches = config['unlabeled']['pipeline'][-1]
    branches['weak'] = branches.pop('unsup_weak')
    with pytest.raises(ValueError, match='it has unsup_strong, weak'):
        DATASETS.build(config)
