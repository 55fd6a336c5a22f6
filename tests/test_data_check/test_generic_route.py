"""CamVid by folders alone gives what its own config gives."""

import random
import shutil

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

import mmseg_usrn  # noqa: F401
from mmseg_usrn.data_check.findings import findings
from mmseg_usrn.data_check.scan import scan
from mmseg_usrn.data_check.suggestions import suggest_settings
from mmseg_usrn.datasets import FolderSegDataset, UnlabeledDataset

SPLIT = 'splits/1over16/seed0'


@pytest.fixture(scope='module')
def camvid(shared_dir, project_root):
    """Data of the CamVid config, with the paths of this machine."""
    init_default_scope('mmseg')
    root = shared_dir / 'data/camvid'
    cfg = Config.fromfile(project_root / 'configs/_base_/datasets/camvid.py')
    paired = cfg.train_dataloader.dataset
    for part in ('labeled', 'unlabeled'):
        paired[part].data_root = str(root)
    paired.split_dir = str(root / SPLIT)
    cfg.val_dataloader.dataset.data_root = str(root)
    return cfg


@pytest.fixture(scope='module')
def folders(shared_dir, tmp_path_factory):
    """The same images, sorted into folders."""
    source = shared_dir / 'data/camvid'
    root = tmp_path_factory.mktemp('folders')
    for part in ('labeled', 'unlabeled'):
        for stem in (source / SPLIT / f'{part}.txt').read_text().split():
            kinds = (
                ['img_dir', 'ann_dir'] if part == 'labeled' else ['img_dir']
            )
            for kind in kinds:
                (file,) = (source / kind / 'train').glob(f'{stem}.*')
                (root / part / kind).mkdir(parents=True, exist_ok=True)
                shutil.copy(file, root / part / kind)
    return root


@pytest.fixture(scope='module')
def own(folders, shared_dir, camvid, project_root):
    """The config's data part by the generic route, and what was found."""
    val = shared_dir / 'data/camvid'
    parts = dict(
        labeled=dict(
            data_prefix=dict(
                img_path=str(folders / 'labeled/img_dir'),
                seg_map_path=str(folders / 'labeled/ann_dir'),
            )
        ),
        unlabeled=dict(
            data_prefix=dict(img_path=str(folders / 'unlabeled/img_dir'))
        ),
        val=dict(
            data_prefix=dict(
                img_path=str(val / 'img_dir/val'),
                seg_map_path=str(val / 'ann_dir/val'),
            )
        ),
    )
    meta = camvid.train_dataloader.dataset.labeled.metainfo
    settings = dict(serialize_data=False)
    datasets = dict(
        labeled=FolderSegDataset(
            metainfo=dict(meta), **parts['labeled'], **settings
        ),
        unlabeled=UnlabeledDataset(**parts['unlabeled'], **settings),
        val=FolderSegDataset(metainfo=dict(meta), **parts['val'], **settings),
    )
    seen = scan(datasets)
    data = suggest_settings(seen)
    labels = dict(metainfo=dict(meta), **data.labels)
    cfg = Config.fromfile(project_root / 'configs/_base_/datasets/folder.py')
    paired = cfg.train_dataloader.dataset
    paired.labeled.update(labels, **parts['labeled'])
    paired.unlabeled.update(parts['unlabeled'])
    cfg.val_dataloader.dataset.update(labels, **parts['val'])
    for pipeline in (paired.labeled.pipeline, paired.unlabeled.pipeline):
        for step in pipeline:
            if step.type == 'RandomResize':
                step.scale = data.scale
            if step.type == 'RandomCrop':
                step.crop_size = data.crop_size
    cfg.val_dataloader.dataset.pipeline[1].scale = data.scale
    return seen, cfg


def test_nothing_to_set_and_sizes_of_the_config(own, camvid):
    seen, _ = own
    data = suggest_settings(seen)
    assert findings(seen) == []
    assert data.labels == {}
    assert data.scale == camvid.resize.scale
    assert data.crop_size == camvid.crop_size


def test_pipelines_are_those_of_the_config(own, camvid):
    mine = own[1].train_dataloader.dataset
    theirs = camvid.train_dataloader.dataset
    assert mine.labeled.pipeline == theirs.labeled.pipeline
    assert mine.unlabeled.pipeline == theirs.unlabeled.pipeline
    mine, theirs = (c.val_dataloader.dataset for c in (own[1], camvid))
    assert mine.pipeline == theirs.pipeline


def sample(dataset, index):
    """A sample under a fixed seed."""
    random.seed(index)
    np.random.seed(index)
    torch.manual_seed(index)
    return dataset[index]


def flat(item):
    """All tensors of a sample, in a fixed order."""
    if isinstance(item, dict):
        return [t for key in sorted(item) for t in flat(item[key])]
    if isinstance(item, list):
        return [t for part in item for t in flat(part)]
    if isinstance(item, torch.Tensor):
        return [item]
    fields = sorted(item.keys())  # a SegDataSample
    return [getattr(item, field).data for field in fields]


def test_samples_are_identical(own, camvid):
    ours = DATASETS.build(own[1].train_dataloader.dataset)
    theirs = DATASETS.build(camvid.train_dataloader.dataset)
    assert ours.metainfo['classes'] == theirs.metainfo['classes']
    assert ours.metainfo['palette'] == theirs.metainfo['palette']
    assert len(ours) == len(theirs) == 23
    assert len(ours.unlabeled) == len(theirs.unlabeled) == 344
    for index in (0, 7, 22):
        pair = (flat(sample(ours, index)), flat(sample(theirs, index)))
        assert len(pair[0]) >= 5
        for mine, other in zip(*pair, strict=True):
            assert torch.equal(mine, other)


def test_validation_samples_are_identical(own, camvid):
    ours = DATASETS.build(own[1].val_dataloader.dataset)
    theirs = DATASETS.build(camvid.val_dataloader.dataset)
    assert len(ours) == len(theirs) == 101
    for index in (0, 100):
        for mine, other in zip(
            flat(ours[index]), flat(theirs[index]), strict=True
        ):
            assert torch.equal(mine, other)
