import numpy as np
import pytest
from PIL import Image

from mmseg_usrn.data_check.files import ImageFacts, MaskFacts
from mmseg_usrn.data_check.findings import make_report
from mmseg_usrn.data_check.folders import build_datasets, find_mask_suffix
from mmseg_usrn.data_check.scan import scan
from mmseg_usrn.data_check.suggestions import (
    apply_settings,
    find_label_settings,
    find_max_value,
    find_sizes,
    suggest_settings,
)


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.mark.parametrize(
    'values, num_classes, settings',
    [
        ([0, 1], 2, {}),
        ([0, 1, 255], 2, {}),
        ([0, 255], 2, dict(label_map={255: 1})),
        ([1, 2, 3], 3, dict(reduce_zero_label=True)),
        ([0, 127, 255], 3, dict(label_map={0: 0, 127: 1, 255: 2})),
        ([0, 1, 77], 2, {}),
    ],
)
def test_label_settings(values, num_classes, settings):
    masks = [MaskFacts(values={value: 5}) for value in values]
    assert find_label_settings(masks, num_classes)[0] == settings


@pytest.mark.parametrize(
    'sizes, scale, crop',
    [
        ([(480, 360)] * 3, (480, 360), 320),
        ([(500, 375), (375, 500), (300, 500)], (1500, 375), 320),
        ([(2048, 1024)] * 2, (2048, 1024), 512),
        ([(6000, 4000)], (4096, 1024), 512),
        ([(50, 40)], (50, 40), 40),
    ],
)
def test_sizes(sizes, scale, crop):
    images = [ImageFacts(width=w, height=h) for w, h in sizes]
    assert find_sizes(images) == (scale, (crop, crop))


@pytest.mark.parametrize(
    'peak, max_value', [(0, 0), (4000, 4095), (900, 1023), (60000, 0)]
)
def test_max_value_of_deep_images(peak, max_value):
    assert find_max_value([ImageFacts(), ImageFacts(peak=peak)]) == max_value


def test_mask_suffix(tmp_path):
    image, mask = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8)
    for name in ('x/a', 'b', 'b_1'):
        save(tmp_path / 'img' / f'{name}.jpg', image)
        save(tmp_path / 'same' / f'{name}.png', mask)
        save(tmp_path / 'other' / f'{name}_mask.png', mask)
    folder = str(tmp_path / 'img')
    assert find_mask_suffix(folder, str(tmp_path / 'same')) is None
    found = find_mask_suffix(folder, str(tmp_path / 'other'))
    assert found == '_mask.png'
    save(tmp_path / 'odd/z.png', mask)
    with pytest.raises(ValueError, match='not named like the images'):
        find_mask_suffix(folder, str(tmp_path / 'odd'))


def test_deep_images_and_gray_levels(tmp_path):
    rng = np.random.default_rng(0)
    for part in ('labeled', 'unlabeled'):
        for i in range(2):
            image = rng.integers(0, 4000, (90, 80), dtype=np.uint16)
            save(tmp_path / part / f'{part}{i}.png', image)
    for i in range(2):
        mask = np.tile(np.uint8([0, 100, 200, 255]), (90, 20))
        save(tmp_path / 'masks' / f'labeled{i}.png', mask)
    folders = dict(
        img_path=str(tmp_path / 'labeled'),
        seg_map_path=str(tmp_path / 'masks'),
    )
    unlabeled = dict(img_path=str(tmp_path / 'unlabeled'))
    parts = dict(
        labeled=dict(data_prefix=folders),
        unlabeled=dict(data_prefix=unlabeled),
    )
    seen = scan(build_datasets(parts, dict(classes=('a', 'b', 'c'))))
    suggestion = suggest_settings(seen)
    assert suggestion.labels == dict(label_map={0: 0, 100: 1, 200: 2})
    assert suggestion.max_value == 4095
    assert suggestion.crop_size == (64, 64)
    apply_settings(seen, suggestion)
    report = make_report(seen)
    assert report.errors == []
    assert report.pixels == dict(a=3600, b=3600, c=3600)
