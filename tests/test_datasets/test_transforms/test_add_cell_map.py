"""The cell map, and that it stays with its pixels."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import TRANSFORMS

from mmseg_usrn.datasets import AddCellMap
from mmseg_usrn.datasets.transforms import grid_size
from mmseg_usrn.structures import IGNORED_SUBCLASS, SubclassTable

SIZE = (90, 130)


def loaded(labels: np.ndarray) -> dict:
    """What the loading transforms leave."""
    return dict(
        img=np.zeros((*labels.shape, 3), np.uint8),
        gt_seg_map=labels,
        seg_fields=['gt_seg_map'],
        ori_shape=labels.shape,
        img_shape=labels.shape,
    )


@pytest.mark.parametrize(
    ('size', 'stride', 'grid'),
    [
        ((16, 24), 8, (2, 3)),
        ((17, 24), 8, (3, 3)),
        ((5, 5), 8, (1, 1)),
        ((4, 3), 1, (4, 3)),
    ],
)
def test_grid_size(size, stride, grid):
    assert grid_size(*size, stride) == grid


def test_cells_of_an_image_that_the_stride_divides():
    cells = AddCellMap(2)(loaded(np.zeros((4, 6), np.uint8)))['gt_cell_map']
    assert cells.tolist() == [
        [0, 0, 1, 1, 2, 2],
        [0, 0, 1, 1, 2, 2],
        [3, 3, 4, 4, 5, 5],
        [3, 3, 4, 4, 5, 5],
    ]


def test_cells_of_an_image_that_it_does_not_divide_are_about_equal():
    cells = AddCellMap(4)(loaded(np.zeros((9, 5), np.uint8)))['gt_cell_map']
    # 3 rows of 3 pixels; 2 columns of 3 and 2 pixels.
    assert cells[:, 0].tolist() == [0, 0, 0, 2, 2, 2, 4, 4, 4]
    assert cells[0].tolist() == [0, 0, 0, 1, 1]


def test_whole_numbers_up_to_a_large_image():
    labels = np.zeros((2000, 3000), np.uint8)
    cells = AddCellMap(1)(loaded(labels))['gt_cell_map']
    assert cells.dtype == np.float32
    assert cells.astype(np.int64)[-1, -1] == 2000 * 3000 - 1


def test_labels_must_be_loaded():
    with pytest.raises(ValueError, match='put it after LoadAnnotations'):
        AddCellMap()(dict(img=np.zeros((4, 4, 3))))


def test_labels_must_have_their_own_size():
    results = loaded(np.zeros((4, 4), np.uint8))
    results['ori_shape'] = (8, 8)
    with pytest.raises(ValueError, match='right after LoadAnnotations'):
        AddCellMap()(results)


def test_stride_must_be_positive():
    with pytest.raises(ValueError, match='stride must be >= 1, got 0'):
        AddCellMap(0)


@pytest.fixture
def table() -> SubclassTable:
    """Random subclasses for the cells of one image, 3 of each of 4 classes."""
    rows, columns = grid_size(*SIZE, 8)
    generator = torch.Generator().manual_seed(0)
    parents = torch.arange(4).repeat_interleave(3)
    table = SubclassTable(num_classes=4, num_subclasses=12)
    table.fill(
        subclass_to_class=parents,
        prototypes=torch.zeros(12, 1),
        prices=torch.zeros(12),
        cells_per_image=torch.tensor([rows * columns]),
        cell_subclass=torch.randint(
            -1, 12, (rows * columns,), generator=generator, dtype=torch.int32
        ),
        dominant_subclass=torch.tensor([[2, 4, 6, 11]]),
    )
    return table


def lookup(table, results) -> torch.Tensor:
    """Subclass of every pixel of a sample."""
    return table.lookup(
        images=torch.tensor([0]),
        cells=torch.from_numpy(results['gt_cell_map'].astype(np.int64))[None],
        classes=torch.from_numpy(results['gt_seg_map'].astype(np.int64))[None],
    )[0]


RESIZE = dict(
    type='RandomResize', scale=(200, 90), ratio_range=(0.5, 2), keep_ratio=True
)
AUGMENTATIONS = {
    'resize': [RESIZE],
    'stretch': [dict(type='Resize', scale=(77, 143), keep_ratio=False)],
    'crop': [dict(type='RandomCrop', crop_size=(64, 64))],
    'flip': [dict(type='RandomFlip', prob=1.0)],
    'flip down': [dict(type='RandomFlip', prob=1.0, direction='vertical')],
    'rotate': [dict(type='RandomRotate', prob=1.0, degree=60)],
    'cut out': [
        dict(
            type='RandomCutOut',
            prob=1.0,
            n_holes=3,
            cutout_shape=(20, 20),
            seg_fill_in=255,
        )
    ],
    'scale crop': [
        dict(type='RandomScaleCrop', long_side=(60, 180), crop_size=(90, 100))
    ],
    'all': [
        RESIZE,
        dict(type='RandomCrop', crop_size=(64, 64), cat_max_ratio=0.75),
        dict(type='RandomFlip', prob=0.5),
        dict(type='RandomRotate', prob=1.0, degree=20),
        dict(type='PhotoMetricDistortion'),
    ],
}


@pytest.mark.parametrize('name', AUGMENTATIONS)
def test_each_pixel_keeps_its_subclass(table, name):
    """Subclasses looked up first and augmented are those looked up after."""
    init_default_scope('mmseg')
    np.random.seed(0)
    rng = np.random.default_rng(0)
    labels = rng.choice(np.array([0, 1, 2, 3, 255], np.uint8), SIZE)
    results = AddCellMap(8)(loaded(labels))
    expected = lookup(table, results)
    ignored = expected == IGNORED_SUBCLASS
    assert torch.equal(ignored, torch.from_numpy(labels == 255))
    assert torch.equal(
        table.subclass_to_class[expected[~ignored]],
        torch.from_numpy(labels).long()[~ignored],
    )
    results['expected'] = expected.masked_fill(ignored, 255).byte().numpy()
    results['seg_fields'].append('expected')
    for step in AUGMENTATIONS[name]:
        results = TRANSFORMS.build(step)(results)

    found = lookup(table, results)
    ignored = torch.from_numpy(results['gt_seg_map'] == 255)
    assert torch.equal(found == IGNORED_SUBCLASS, ignored)
    expected = torch.from_numpy(results['expected']).long()
    assert torch.equal(found[~ignored], expected[~ignored])
    assert (~ignored).sum() > 500
