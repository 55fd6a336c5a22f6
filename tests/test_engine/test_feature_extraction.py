"""Which cells are labeled, and their features."""

import os
import signal
import time

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dist import get_rank
from mmengine.registry import init_default_scope
from mmseg.models.utils import resize
from mmseg.registry import DATASETS, MODELS
from torch.nn.functional import interpolate
from torch.utils.data import Dataset, get_worker_info

from mmseg_usrn.datasets import AddCellMap
from mmseg_usrn.engine import NotFiniteError, extract_labeled_features
from mmseg_usrn.engine.feature_extraction import select_cells


def select(labels, grid=(2, 2), num_classes=3, **kwargs):
    cells, classes, is_extra = select_cells(
        torch.tensor(labels), grid, num_classes, ignore_index=255, **kwargs
    )
    return cells.tolist(), classes.tolist(), is_extra.tolist()


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('size', [(8, 16), (13, 9), (2, 3)])
def test_a_cell_has_the_label_of_the_pixel_of_its_feature(size, align_corners):
    """Features that are resized to the cells are those of these pixels."""
    grid = (2, 3)
    labels = torch.arange(size[0] * size[1]).reshape(size)
    mode = 'nearest' if align_corners else 'nearest-exact'
    expected = interpolate(labels[None, None].double(), grid, mode=mode)
    _, classes, _ = select(
        labels.tolist(), grid, 1000, align_corners=align_corners
    )
    assert classes[:6] == expected.flatten().tolist()


def test_ignored_cells_are_left_out():
    labels = [[0, 0, 1, 1], [0, 0, 1, 255], [7, 7, 1, 1], [7, 7, 1, 1]]
    assert select(labels) == ([0, 3], [0, 1], [False, False])


def test_thin_object_adds_the_cell_that_holds_most_of_it():
    labels = [[0, 0, 2, 0], [0, 0, 2, 0], [0, 0, 2, 0], [0, 0, 0, 0]]
    assert select(labels) == (
        [0, 1, 2, 3, 1],
        [0, 0, 0, 0, 2],
        [False] * 4 + [True],
    )


def test_image_without_labels():
    assert select([[255] * 4] * 4) == ([], [], [])


@pytest.mark.parametrize('size', [(16, 24), (17, 23), (7, 5)])
def test_extra_cells_are_those_of_the_cell_map(size):
    """Every pixel of a thin class lies in a cell of the same numbering."""
    height, width = size
    for y, x in [(3, 4), (height - 1, width - 1), (height // 2, 1)]:
        labels = np.zeros(size, np.uint8)
        labels[y, x] = 1
        results = AddCellMap(8)(
            dict(gt_seg_map=labels, ori_shape=size, seg_fields=[])
        )
        grid = (-(-height // 8), -(-width // 8))
        cells, classes, is_extra = select(labels.tolist(), grid)
        if is_extra[-1]:
            assert classes[-1] == 1
            assert cells[-1] == results['gt_cell_map'][y, x]
        else:
            assert 1 in classes


def build(config):
    """The toy model with random weights, and its labeled images."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.init_weights()
    dataset = DATASETS.build(config.train_dataloader.dataset)
    return model, dataset.without_augmentation()


def test_extract(toy_config):
    model, dataset = build(toy_config)
    model.train()
    found = extract_labeled_features(model, dataset, 8, num_workers=0)
    assert model.training, 'left as it was'
    assert found.cells_per_image.tolist() == [48] * 5
    assert found.features.dtype == torch.float16
    assert len(found.features) == len(found.classes) == len(found.cells)
    assert set(found.classes.tolist()) == {0, 1, 2, 3}

    # One image by hand: stride 8, so the grid is that of the features.
    model.eval()
    packed = dataset[2]
    labels = packed['data_samples'].gt_sem_seg.data[0]
    image = (packed['inputs'][None].float() - 127.5) / 50
    features = model.extract_pixel_features(image)
    assert features.shape[-2:] == (6, 8)
    of_image = (found.images == 2) & (found.cells >= 0)
    cells = found.cells[of_image]
    expected = features[0].flatten(1).T[cells].half()
    assert torch.equal(found.features[of_image], expected)
    at_cell = labels[4::8, 4::8].flatten()
    assert torch.equal(found.classes[of_image], at_cell[cells])
    assert len(cells) == (at_cell != 255).sum()


def test_images_that_are_no_multiple_of_the_stride(toy_config):
    """Features are resized to the grid; padding is not part of it."""
    toy_config.model.data_preprocessor.test_cfg = dict(size_divisor=32)
    model, dataset = build(toy_config)
    model.eval()
    found = extract_labeled_features(model, dataset, 7, num_workers=0)
    assert found.cells_per_image.tolist() == [7 * 10] * 5
    packed = dataset[0]
    image = (packed['inputs'][None].float() - 127.5) / 50
    padded = torch.nn.functional.pad(image, (0, 0, 0, 16))
    features = model.extract_pixel_features(padded)[..., :6, :]
    expected = resize(features, (7, 10), mode='bilinear')[0].flatten(1).T
    of_image = (found.images == 0) & (found.cells >= 0)
    assert torch.allclose(
        found.features[of_image].float(),
        expected[found.cells[of_image]],
        atol=1e-2,
    )


def test_features_that_are_no_numbers_name_image_and_class(toy_config):
    model, dataset = build(toy_config)
    model.backbone.trunk.conv1.weight.data[0] = torch.inf
    message = r'features of .*/labeled/0.png are not finite .* of class [0-3]'
    with pytest.raises(NotFiniteError, match=message):
        extract_labeled_features(model, dataset, 8, num_workers=0)


class Signalled(Dataset):
    """Images whose workers get a signal that a cluster sends to all."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        assert get_worker_info() is not None
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)
        return self.dataset[index]


def test_signals_to_all_processes_do_not_end_the_workers(toy_config):
    model, dataset = build(toy_config)
    found = extract_labeled_features(model, Signalled(dataset), 8)
    assert found.cells_per_image.tolist() == [48] * 5


def extract_on_rank(config_file, folder):
    model, dataset = build(Config.fromfile(config_file))
    found = extract_labeled_features(model, dataset, 8, num_workers=0)
    torch.save(vars(found), f'{folder}/{get_rank()}.pth')


@pytest.mark.slow
def test_ranks_share_the_images(toy_config, run_ranks, tmp_path):
    toy_config.dump(tmp_path / 'config.py')
    run_ranks(extract_on_rank, tmp_path / 'config.py', tmp_path)
    parts = [torch.load(tmp_path / f'{rank}.pth') for rank in (0, 1)]
    alone = extract_labeled_features(*build(toy_config), 8, num_workers=0)
    assert set(parts[0]['images'].tolist()) == {0, 2, 4}
    assert set(parts[1]['images'].tolist()) == {1, 3}
    for part in parts:
        assert torch.equal(part['cells_per_image'], alone.cells_per_image)
        for image in part['images'].unique():
            for name in ('features', 'classes', 'cells'):
                own = part[name][part['images'] == image]
                expected = getattr(alone, name)[alone.images == image]
                assert torch.equal(own, expected), name
