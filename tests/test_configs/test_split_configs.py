"""Configs of the usual splits of VOC, ADE20K and COCO-Stuff."""

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_usrn.data_check import check_config

VOC = [f'voc_{n}' for n in (92, 183, 366, 732, 1464, 662, 1323, 2646)]
LARGE = [
    f'{name}_1over{n}'
    for name in ('ade20k', 'coco')
    for n in (32, 64, 128, 256, 512)
]


@pytest.fixture
def load(project_root, monkeypatch):
    """Reads a config by its name."""
    init_default_scope('mmseg')

    def no_model_zoo(*args):
        raise ValueError('MMSeg bases are files, not models of its zoo')

    # MMEngine reads all 50 metafiles of MMSeg for every inherited base.
    monkeypatch.setattr(
        'mmengine.config.config._get_external_cfg_path', no_model_zoo
    )
    folder = project_root / 'configs/usrn'
    return lambda name: Config.fromfile(folder / f'{name}.py')


@pytest.mark.parametrize('name', VOC)
def test_original_masks_where_the_recipe_says_so(load, name):
    labeled = load(name).train_dataloader.dataset.labeled
    original = name in ('voc_92', 'voc_183', 'voc_366', 'voc_732', 'voc_1464')
    folder = 'SegmentationClass' if original else 'SegmentationClassAug'
    assert labeled.data_prefix.seg_map_path == folder


@pytest.mark.parametrize('name', VOC + LARGE)
def test_lists_are_those_of_the_name(load, name):
    data, split = name.split('_')
    paired = load(name).train_dataloader.dataset
    assert paired.split_dir == f'data/splits/{data}/{split}'


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.mark.parametrize(
    'name, root, folders, suffix, values',
    [
        (
            'ade20k_1over32',
            'data/ade/ADEChallengeData2016',
            ('images/{}', 'annotations/{}', 'training', 'validation'),
            '.png',
            range(151),  # 0: not labeled
        ),
        (
            'coco_1over32',
            'data/coco_stuff164k',
            ('images/{}2017', 'annotations/{}2017', 'train', 'val'),
            '_labelTrainIds.png',
            [*range(171), 255],
        ),
    ],
)
def test_data_in_the_true_layout(
    load, tmp_path, monkeypatch, name, root, folders, suffix, values
):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    values = np.array(list(values), np.uint8)
    images, masks, train, val = folders
    for part, stems in ((train, 'ab'), (val, 'c')):
        for stem in stems:
            image = rng.integers(0, 255, (60, 80, 3), np.uint8)
            mask = np.resize(values, (60, 80))
            save(tmp_path / root / images.format(part) / f'{stem}.jpg', image)
            save(
                tmp_path / root / masks.format(part) / f'{stem}{suffix}', mask
            )
    cfg = load(name)
    paired = cfg.train_dataloader.dataset
    for part, stem in (('labeled', 'a'), ('unlabeled', 'b')):
        path = tmp_path / paired.split_dir / f'{part}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{stem}\n')
    report = check_config(cfg)
    assert report.findings == [], report.table()
    assert report.counts == dict(labeled=1, unlabeled=1, val=1)
    sample = DATASETS.build(paired)[0]
    labels = sample['data_samples']['sup'].gt_sem_seg.data
    classes = cfg.model.decode_head.num_classes
    assert set(labels.unique().tolist()) <= {*range(classes), 255}
    assert sample['inputs']['unsup_strong'][0].shape[0] == 3
