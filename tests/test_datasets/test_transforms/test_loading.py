"""What arrives is 8-bit BGR of the right way up, whatever the file."""

import cv2
import numpy as np
import pytest
import tifffile
from mmcv.transforms import Compose, LoadImageFromFile
from mmengine.registry import init_default_scope
from PIL import Image

from mmseg_usrn.datasets.transforms import (
    LoadBands,
    LoadDeepImage,
    LoadWideAnnotations,
)

# Red, green, blue and white quarters.
RGB = np.full((40, 60, 3), 255, np.uint8)
RGB[:20, :30] = (255, 0, 0)
RGB[:20, 30:] = (0, 255, 0)
RGB[20:, :30] = (0, 0, 255)
GRAY = np.array(Image.fromarray(RGB).convert('L'))
SIDEWAYS = Image.Exif()
SIDEWAYS[0x0112] = 6


def load(path, transform=None):
    transform = transform or LoadImageFromFile()
    return transform(dict(img_path=str(path)))['img']


@pytest.mark.parametrize(
    'suffix, mode',
    [
        *((s, m) for s in ('png', 'tif') for m in ('RGB', 'RGBA', 'P', 'L')),
        *((s, m) for s in ('jpg', 'bmp', 'webp') for m in ('RGB', 'L')),
    ],
)
def test_stock_loader_gives_bgr(tmp_path, suffix, mode):
    path = tmp_path / f'a.{suffix}'
    Image.fromarray(RGB).convert(mode).save(path)
    image = load(path)
    assert image.dtype == np.uint8 and image.shape == (40, 60, 3)
    expected = np.dstack([GRAY] * 3) if mode == 'L' else RGB[..., ::-1]
    inner = np.s_[5:15, 5:25]
    difference = cv2.absdiff(
        image[inner], np.ascontiguousarray(expected[inner])
    )
    assert difference.max() <= (12 if suffix == 'jpg' else 3)


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'tif', 'webp'])
def test_stock_loader_turns_as_exif_says(tmp_path, suffix):
    path = tmp_path / f'a.{suffix}'
    Image.fromarray(RGB).save(path, exif=SIDEWAYS)
    image = load(path)
    assert image.shape == (60, 40, 3)
    assert image[10, 30].argmax() == 2  # red is top right now


@pytest.mark.parametrize('suffix', ['png', 'tif'])
@pytest.mark.parametrize('shape', [(4, 5), (4, 5, 3)])
def test_stock_loader_keeps_the_upper_8_of_16_bits(tmp_path, suffix, shape):
    path = tmp_path / f'a.{suffix}'
    cv2.imwrite(str(path), np.full(shape, 40000, np.uint16))
    image = load(path)
    assert image.dtype == np.uint8 and image.shape == (4, 5, 3)
    assert abs(int(image.mean()) - 40000 // 256) <= 1


@pytest.mark.parametrize('suffix', ['png', 'tif'])
def test_deep_images_keep_their_light(tmp_path, suffix):
    values = np.array([[0, 819, 4095, 5000]], np.uint16)
    cv2.imwrite(str(tmp_path / f'a.{suffix}'), values)
    image = load(tmp_path / f'a.{suffix}', LoadDeepImage(max_value=4095))
    assert image.dtype == np.uint8
    assert image[0].tolist() == [[v] * 3 for v in (0, 51, 255, 255)]


def test_deep_loader_leaves_8_bit_images_alone(tmp_path):
    Image.fromarray(RGB).save(tmp_path / 'a.png')
    image = load(tmp_path / 'a.png', LoadDeepImage(max_value=4095))
    assert (image == RGB[..., ::-1]).all()
    with pytest.raises(ValueError, match='4095'):
        LoadDeepImage(max_value=0)


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_floating_point_images(tmp_path, dtype):
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, (RGB / 255).astype(dtype), photometric='rgb')
    image = load(path, LoadDeepImage(max_value=1.0))
    np.testing.assert_array_equal(image, RGB[..., ::-1])
    shifted = load(path, LoadDeepImage(max_value=1.0, min_value=-1.0))
    assert shifted.min() == 128


BANDS = np.dstack([RGB, 255 - RGB])  # six bands


@pytest.mark.parametrize(
    ('bands', 'expected'),
    [
        (None, [0, 1, 2, 3, 4, 5]),
        ([0, 1, 2, 4], [0, 1, 2, 4]),
        ([3, 4, 5], [5, 4, 3]),  # three become BGR
        ([4], [4]),
    ],
)
@pytest.mark.parametrize('factor', [1, 16])
def test_bands(tmp_path, bands, expected, factor):
    path = tmp_path / 'a.tif'
    values = BANDS if factor == 1 else BANDS.astype(np.uint16) * factor
    tifffile.imwrite(path, values, photometric='minisblack')
    sample = LoadBands(bands, max_value=255 * factor)(dict(img_path=str(path)))
    np.testing.assert_array_equal(sample['img'], BANDS[..., expected])
    assert sample['ori_shape'] == sample['img_shape'] == (40, 60)


def test_errors_of_bands_name_the_file(tmp_path):
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, BANDS.astype(np.float32), photometric='minisblack')
    with pytest.raises(ValueError, match=r'a.tif has 6 bands, 0 to 5; .*6\]'):
        load(path, LoadBands([0, 6]))
    with pytest.raises(ValueError, match='a.tif: .* type float32; set max_v'):
        load(path, LoadBands())
    path.write_bytes(b'II*\0')
    with pytest.raises(ValueError, match='a.tif: the TIFF file is damaged'):
        load(path, LoadBands())
    with pytest.raises(ValueError, match='LoadBands: max_value must be'):
        LoadBands(max_value=0)


def test_wide_labels_survive_a_training_pipeline(tmp_path):
    init_default_scope('mmseg')
    mask = (np.arange(32 * 40).reshape(32, 40) % 300).astype(np.uint16)
    mask[0] = 65535
    Image.fromarray(mask).save(tmp_path / 'm.png')
    Image.fromarray(RGB[:32, :40]).save(tmp_path / 'a.png')
    pipeline = Compose(
        [
            dict(type='LoadImageFromFile'),
            dict(type='LoadWideAnnotations'),
            dict(type='AddCellMap'),
            dict(type='Resize', scale=(80, 64)),
            dict(
                type='RandomCrop',
                crop_size=(60, 70),
                cat_max_ratio=0.75,
                ignore_index=65535,
            ),
            dict(type='RandomFlip', prob=1.0),
            dict(type='PackLabeledInputs'),
        ]
    )
    sample = pipeline(
        dict(
            img_path=str(tmp_path / 'a.png'),
            seg_map_path=str(tmp_path / 'm.png'),
            sample_idx=0,
            reduce_zero_label=False,
            label_map=None,
            seg_fields=[],
        )
    )
    labels = sample['data_samples'].gt_sem_seg.data
    assert labels.shape == (1, 60, 70)
    assert set(labels.unique().tolist()) <= {*range(300), 65535}
    assert (labels > 255).sum() > 100


def test_wide_labels_and_label_rules(tmp_path):
    mask = np.array([[0, 1, 300, 65535]], np.uint16)
    Image.fromarray(mask).save(tmp_path / 'm.png')
    results = dict(
        seg_map_path=str(tmp_path / 'm.png'),
        reduce_zero_label=True,
        label_map={299: 7},
        seg_fields=[],
    )
    labels = LoadWideAnnotations()(results)['gt_seg_map']
    assert labels.tolist() == [[65535, 0, 7, 65535]]
    assert labels.dtype == np.uint16
