import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_usrn.datasets.transforms import RandomLongSideResize


def sample(height, width):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    labels = rng.integers(0, 21, (height, width), dtype=np.uint8)
    cells = np.arange(height * width, dtype=np.float32).reshape(labels.shape)
    return dict(
        img=image,
        gt_seg_map=labels,
        gt_cell_map=cells,
        seg_fields=['gt_seg_map', 'gt_cell_map'],
    )


@pytest.mark.parametrize('shape', [(30, 40), (40, 30), (40, 40)])
def test_longer_side_gets_the_drawn_length(shape):
    resized = RandomLongSideResize((20, 20))(sample(*shape))
    assert max(resized['img'].shape[:2]) == 20
    assert min(resized['img'].shape[:2]) == 20 * min(shape) // max(shape)
    assert resized['img_shape'] == resized['gt_cell_map'].shape


def test_lengths_are_uniform_with_both_ends():
    resize = RandomLongSideResize((3, 8))
    np.random.seed(0)
    lengths = [
        resize(dict(img=np.zeros((4, 6, 3), np.uint8)))['img'].shape[1]
        for _ in range(6000)
    ]
    values, counts = np.unique(lengths, return_counts=True)
    assert values.tolist() == [3, 4, 5, 6, 7, 8]
    assert np.all(np.abs(counts - 1000) < 5 * np.sqrt(1000 * 5 / 6))


def test_image_is_bicubic_and_maps_are_nearest():
    original = sample(30, 40)
    resized = RandomLongSideResize((57, 57))(dict(original))
    size = resized['scale']
    expected = Image.fromarray(original['img']).resize(size, Image.BICUBIC)
    np.testing.assert_array_equal(resized['img'], np.asarray(expected))
    for field in original['seg_fields']:
        expected = cv2.resize(
            original[field], size, interpolation=cv2.INTER_NEAREST
        )
        np.testing.assert_array_equal(resized[field], expected)


def test_empty_range_is_refused():
    with pytest.raises(ValueError, match='least <= greatest'):
        RandomLongSideResize((800, 200))
