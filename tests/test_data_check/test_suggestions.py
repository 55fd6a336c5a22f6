import numpy as np
import pytest
from PIL import Image

from mmseg_usrn.data_check.files import ImageFacts, MaskFacts
from mmseg_usrn.data_check.findings import make_report
from mmseg_usrn.data_check.loaders import LoadAsStored
from mmseg_usrn.data_check.scan import scan
from mmseg_usrn.data_check.suggestions import (
    Suggestion,
    apply_settings,
    find_image_loader,
    find_label_settings,
    find_sizes,
    label_notes,
    refuse_lost_background,
    suggest_settings,
)
from mmseg_usrn.datasets import FolderSegDataset, UnlabeledDataset


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


def test_a_forgotten_class_is_no_pixel_without_label():
    """0 is not read as "not labeled" where it is the background."""
    labels, note = find_label_settings(
        [MaskFacts(values={0: 9, 1: 9, 2: 9})], 2
    )
    found = Suggestion(labels, frozenset({0, 1, 2}), note)
    with pytest.raises(ValueError, match='name the class that is missing'):
        refuse_lost_background(['Background', 'leaf'], found)
    refuse_lost_background(['leaf', 'background'], found)
    assert label_notes(found) == [
        'the masks have values 0, 1, 2: labels go from 0 to 2, one more than '
        'there are classes; read with reduce_zero_label=True: 0 is no '
        'label'
    ]
    refuse_lost_background(
        ['background', 'leaf'], Suggestion(labels, frozenset({1, 2}))
    )
    assert label_notes(Suggestion()) == []


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
    'kind, peak, low, step',
    [
        ('uint8', 0, 0, dict(type='LoadImageFromFile')),
        ('uint16', 4000, 0, dict(type='LoadDeepImage', max_value=4095)),
        ('uint16', 900, 0, dict(type='LoadDeepImage', max_value=1023)),
        ('uint16', 60000, 0, dict(type='LoadImageFromFile')),
        ('float32', 0.8, 0.0, dict(type='LoadDeepImage', max_value=1.0)),
        (
            'float32',
            700.5,
            -3.5,
            dict(type='LoadDeepImage', max_value=1023, min_value=-3.5),
        ),
        ('int32', 70000, 0, dict(type='LoadDeepImage', max_value=131071)),
    ],
)
def test_loader_of_deep_images(kind, peak, low, step):
    plain = ImageFacts(width=9, kind='uint8')
    deep = ImageFacts(width=9, kind=kind, peak=peak, low=low)
    assert find_image_loader([plain, deep], None) == step


def test_loader_of_bands():
    facts = [ImageFacts(width=9, kind='uint16', peak=4000, channels=6)]
    look = LoadAsStored()
    expected = dict(type='LoadBands', max_value=4095)
    assert find_image_loader(facts, look) == expected
    look = LoadAsStored(bands=[3, 2, 1])
    expected['bands'] = [3, 2, 1]
    assert find_image_loader(facts, look) == expected


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
    meta = dict(classes=('a', 'b', 'c'))
    datasets = dict(
        labeled=FolderSegDataset(folders, meta, serialize_data=False),
        unlabeled=UnlabeledDataset(unlabeled, serialize_data=False),
    )
    seen = scan(datasets)
    suggestion = suggest_settings(seen)
    assert suggestion.labels == dict(label_map={0: 0, 100: 1, 200: 2})
    step = dict(type='LoadDeepImage', max_value=4095)
    assert suggestion.load_image == step
    assert suggestion.crop_size == (64, 64)
    apply_settings(seen, suggestion)
    report = make_report(seen)
    assert report.findings == []
    assert report.pixels == dict(a=3600, b=3600, c=3600)
