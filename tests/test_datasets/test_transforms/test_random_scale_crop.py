import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_usrn.datasets.transforms import RandomScaleCrop

BIG = (1000, 1000)  # larger than any image here: nothing is cut off


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
    cropped = RandomScaleCrop((20, 20), BIG)(sample(*shape))
    assert max(cropped['scale']) == 20
    assert min(cropped['scale']) == 20 * min(shape) // max(shape)
    assert cropped['img_shape'] == cropped['gt_cell_map'].shape == BIG


def test_lengths_are_uniform_with_both_ends():
    transform = RandomScaleCrop((3, 8), (2, 2))
    np.random.seed(0)
    lengths = [
        max(transform(dict(img=np.zeros((4, 6, 3), np.uint8)))['scale'])
        for _ in range(6000)
    ]
    values, counts = np.unique(lengths, return_counts=True)
    assert values.tolist() == [3, 4, 5, 6, 7, 8]
    assert np.all(np.abs(counts - 1000) < 5 * np.sqrt(1000 * 5 / 6))


def test_image_is_bicubic_and_maps_are_nearest():
    original = sample(30, 40)
    cropped = RandomScaleCrop((57, 57), BIG)(dict(original))
    width, height = size = cropped['scale']
    expected = Image.fromarray(original['img']).resize(size, Image.BICUBIC)
    found = cropped['img'][:height, :width]
    np.testing.assert_array_equal(found, np.asarray(expected))
    for field in original['seg_fields']:
        expected = cv2.resize(
            original[field], size, interpolation=cv2.INTER_NEAREST
        )
        found = cropped[field][:height, :width]
        np.testing.assert_array_equal(found, expected)


def test_right_and_bottom_are_padded():
    cropped = RandomScaleCrop((40, 40), (32, 50))(sample(30, 40))
    for part in (np.s_[30:], np.s_[:, 40:]):
        color = cropped['img'][part].reshape(-1, 3)
        assert (color == [104, 116, 124]).all()
        assert (cropped['gt_seg_map'][part] == 255).all()
        assert (cropped['gt_cell_map'][part] == 0).all()
    assert (cropped['gt_seg_map'][:30, :40] < 255).all()


@pytest.mark.parametrize('length', [60, 97, 200])
def test_crop_is_part_of_the_whole_resized_image(length):
    """Maps tell where a crop lies; all of its sides move together."""
    original = sample(75, 100)
    transform = RandomScaleCrop((length, length), (40, 30))
    np.random.seed(0)
    corners, different = set(), []
    for _ in range(40):
        cropped = transform(dict(original))
        size = cropped['scale']
        whole = np.asarray(
            Image.fromarray(original['img']).resize(size, Image.BICUBIC)
        )
        cells = cv2.resize(
            original['gt_cell_map'], size, interpolation=cv2.INTER_NEAREST
        )
        margins = [s - c for s, c in zip(cells.shape, (40, 30), strict=True)]
        (corner,) = {
            (top, left)
            for top in range(margins[0] + 1)
            for left in range(margins[1] + 1)
            if np.array_equal(
                cells[top : top + 40, left : left + 30],
                cropped['gt_cell_map'],
            )
        } or {None}
        top, left = corner
        corners.add(corner)
        expected = whole[top : top + 40, left : left + 30].astype(int)
        different.append(np.abs(cropped['img'] - expected))
    assert len(corners) > 10
    assert np.max(different) <= 2
    assert np.mean(np.array(different) > 0) < 0.001


def test_corners_are_uniform():
    transform = RandomScaleCrop((6, 6), (4, 4))
    np.random.seed(0)
    image = np.zeros((6, 6, 3), np.uint8)
    field = np.arange(36, dtype=np.float32).reshape(6, 6)
    corners = [
        transform(dict(img=image, a=field, seg_fields=['a']))['a'][0, 0]
        for _ in range(4500)
    ]
    values, counts = np.unique(corners, return_counts=True)
    assert values.tolist() == [0, 1, 2, 6, 7, 8, 12, 13, 14]
    assert np.all(np.abs(counts - 500) < 5 * np.sqrt(500 * 8 / 9))


def test_empty_range_is_refused():
    with pytest.raises(ValueError, match='least <= greatest'):
        RandomScaleCrop((800, 200), (4, 4))
