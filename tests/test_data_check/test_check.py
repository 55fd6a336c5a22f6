"""Every planted fault is found, and all of them at once."""

import json
import re
import shutil
import time

import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, TRANSFORMS
from PIL import Image

from mmseg_usrn.data_check import (
    check_before_training,
    check_config,
    check_data,
)

K = 4
RNG = np.random.default_rng(0)


def save(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


def picture(height=24, width=32):
    """A picture like no other, smooth enough to survive JPEG."""
    coarse = RNG.integers(0, 256, (4, 4, 3), np.uint8)
    return np.array(Image.fromarray(coarse).resize((width, height)))


def full_mask(height=24, width=32, values=range(K)):
    values = np.array(list(values))
    columns = np.arange(width) * len(values) // width
    return np.broadcast_to(values[columns], (height, width)).astype(np.uint8)


@pytest.fixture
def root(tmp_path):
    """Data without any fault: 3 labeled, 3 unlabeled, 2 val images."""
    init_default_scope('mmseg')
    for part, count in (('labeled', 3), ('unlabeled', 3), ('val', 2)):
        for i in range(count):
            save(tmp_path / part / 'img' / f'{part}_{i}.png', picture())
            if part != 'unlabeled':
                mask = tmp_path / part / 'ann' / f'{part}_{i}.png'
                save(mask, full_mask())
    return tmp_path


def labeled_part(root, part='labeled', **settings):
    return dict(
        type='FolderSegDataset',
        data_root=str(root / part),
        data_prefix=dict(img_path='img', seg_map_path='ann'),
        metainfo=dict(classes=('a', 'b', 'c', 'd')),
        serialize_data=False,  # MMEngine collects garbage to serialise
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations'),
        ],
        **settings,
    )


def config(root, settings=None, num_classes=K):
    unlabeled = dict(
        type='UnlabeledDataset',
        data_root=str(root / 'unlabeled'),
        pipeline=[],
        serialize_data=False,
    )
    train = dict(
        type='PairedDataset',
        labeled=labeled_part(root, **(settings or {})),
        unlabeled=unlabeled,
    )
    return Config(
        dict(
            model=dict(decode_head=dict(num_classes=num_classes)),
            train_dataloader=dict(dataset=train),
            val_dataloader=dict(dataset=labeled_part(root, 'val')),
            work_dir=str(root / 'work'),
        )
    )


def rows(report):
    return [f'{f.level} {f.part}: {f.problem}' for f in report.findings]


def only(report, pattern, level='error'):
    """The one finding of a report; its text must match."""
    assert len(report.findings) == 1, report.table()
    assert re.search(pattern, rows(report)[0]), report.table()
    found = report.findings[0]
    assert found.level == level
    return found


def test_good_data_has_no_finding(root):
    report = check_config(config(root))
    assert report.findings == [], report.table()
    assert report.counts == dict(labeled=3, unlabeled=3, val=2)
    assert report.pixels == dict.fromkeys('abcd', 3 * 24 * 8)
    report.raise_on_errors()


def test_all_faults_are_listed_at_once(root):
    img, ann = root / 'labeled/img', root / 'labeled/ann'
    for i in range(3, 9):
        save(img / f'labeled_{i}.png', picture())
        save(ann / f'labeled_{i}.png', full_mask())
    content = (img / 'labeled_0.png').read_bytes()
    (img / 'labeled_0.png').write_bytes(content[:-40])
    (ann / 'labeled_1.png').unlink()
    save(ann / 'labeled_2.png', full_mask(12, 32))
    save(ann / 'labeled_3.png', picture())
    save(ann / 'labeled_4.png', full_mask(values=[0, 7]))
    shutil.copy(img / 'labeled_5.png', root / 'unlabeled/img/other.png')
    save(
        root / 'unlabeled/img/labeled_6.jpg',
        np.array(Image.open(img / 'labeled_6.png')),
        quality=95,
    )
    shutil.copy(img / 'labeled_7.png', root / 'val/img/val_0.png')
    shutil.rmtree(root / 'val/ann')
    (root / 'val/ann').mkdir()
    report = check_config(config(root))
    with pytest.raises(ValueError) as error:
        report.raise_on_errors()
    text = str(error.value)
    for words in (
        'unreadable image: the file is damaged',
        'labeled_0.png',
        'unreadable mask: the file is missing',
        'differ in size',
        '(32x12), image 32x24',
        'colour masks',
        'values outside 0..3 and 255',
        'labeled_4.png: 7',
        'equal content',
        'same name, looks',
        'no mask in',
    ):
        assert words in text, f'{words}\n{text}'


@pytest.mark.parametrize(
    'values, problem, fix',
    [
        ([1, 2, 3, 4], r'4 \(3 masks\)', 'reduce_zero_label=True'),
        ([0, 80, 160, 240], r'80 \(3 masks\), 160', '240: 3'),
        ([0, 1, 2, 3, 9], r'9 \(3 masks\)', '{9: 255}'),
    ],
)
def test_wrong_values_name_file_value_and_cause(root, values, problem, fix):
    for i in range(3):
        mask = full_mask(values=values)
        save(root / 'labeled/ann' / f'labeled_{i}.png', mask)
    found = only(check_config(config(root)), problem)
    assert fix in found.fix
    assert 'labeled_0.png: ' in found.files[0]


def test_binary_masks_of_0_and_255(root):
    part = labeled_part(root)
    part['metainfo'] = dict(classes=('background', 'object'))
    for i in range(3):
        mask = full_mask(values=[0, 255])
        save(root / 'labeled/ann' / f'labeled_{i}.png', mask)
    report = check_data(DATASETS.build(part))
    assert 'no pixel is of class 1' in rows(report)[0]
    assert 'label_map={255: 1}' in report.errors[0].fix
    part['label_map'] = {255: 1}
    assert check_data(DATASETS.build(part)).findings == []


def test_the_settings_it_names_fix_the_data(root):
    for i in range(3):
        mask = full_mask(values=[1, 2, 3, 4])
        save(root / 'labeled/ann' / f'labeled_{i}.png', mask)
    report = check_config(config(root, dict(reduce_zero_label=True)))
    assert report.findings == [], report.table()


def test_missing_class_is_a_warning(root):
    for i in range(3):
        mask = full_mask(values=[0, 1, 3])
        save(root / 'labeled/ann' / f'labeled_{i}.png', mask)
    report = check_config(config(root))
    only(report, r'without any labeled pixel: 2 \(c\)', 'warning')
    report.raise_on_errors()


def test_zero_based_masks_with_reduce_zero_label(root):
    report = check_config(config(root, dict(reduce_zero_label=True)))
    contradiction, found = report.errors + report.warnings
    assert (
        'True in the labeled part, False in the val' in contradiction.problem
    )
    assert '3 (d)' in found.problem and 'reduce_zero_label=False' in found.fix


def test_masks_without_any_label_are_a_warning(root):
    save(root / 'labeled/ann/labeled_0.png', full_mask(values=[255]))
    found = only(check_config(config(root)), 'no pixel of these', 'warning')
    assert found.files == [str(root / 'labeled/ann/labeled_0.png')]


def test_exif_that_turns_the_image_but_not_the_mask(root):
    exif = Image.Exif()
    exif[0x0112] = 6
    save(root / 'labeled/img/labeled_0.png', picture(), exif=exif)
    found = only(check_config(config(root)), 'EXIF turns')
    assert 'color_ignore_orientation' in found.fix


def test_same_name_but_other_picture_is_a_warning(root):
    save(root / 'unlabeled/img/labeled_0.png', picture())
    only(check_config(config(root)), 'but different pictures', 'warning')


def test_pictures_of_little_contrast(root):
    """In fog, two pictures differ no more than one that is saved again."""
    first, second = (picture() // 16 + 120 for _ in range(2))
    save(root / 'labeled/img/labeled_0.png', first)
    save(root / 'unlabeled/img/labeled_0.png', second)
    only(check_config(config(root)), 'but different pictures', 'warning')
    (root / 'unlabeled/img/labeled_0.png').unlink()
    save(root / 'unlabeled/img/labeled_0.jpg', first, quality=90)
    only(check_config(config(root)), 'looks alike')


def test_names_that_repeat_in_every_folder_tell_nothing(root):
    scene = picture()  # of a camera that does not move
    save(root / 'labeled/img/labeled_1.png', scene)
    for day in range(3):
        scene[day, day] ^= 1
        save(root / f'unlabeled/img/{day}/labeled_1.png', scene)
    only(check_config(config(root)), 'looks alike')
    save(root / 'unlabeled/img/3/labeled_1.png', scene ^ 1)
    assert check_config(config(root)).findings == []


def test_the_same_files_in_both_parts(root):
    cfg = config(root)
    cfg.train_dataloader.dataset.unlabeled.data_root = str(root)
    cfg.train_dataloader.dataset.unlabeled.data_prefix = dict(
        img_path=['labeled/img', 'unlabeled/img']
    )
    found = only(check_config(cfg), 'equal content')
    assert len(found.files) == 3
    cfg.train_dataloader.dataset.unlabeled.exclude = 'labeled/img'
    assert check_config(cfg).findings == []


def test_labeled_images_in_val_are_a_warning(root):
    source = root / 'labeled/img/labeled_0.png'
    shutil.copy(source, root / 'val/img/val_0.png')
    found = only(check_config(config(root)), 'same image', 'warning')
    assert found.part == 'labeled, val'


def test_empty_part(root):
    shutil.rmtree(root / 'unlabeled/img')
    (root / 'unlabeled/img').mkdir()
    report = check_config(config(root))
    assert 'no image in' in only(report, 'unlabeled').problem


def test_dark_16_bit_images_are_a_warning(root):
    for i in range(3):
        dark = picture()[..., 0].astype(np.uint16) * 16
        save(root / 'unlabeled/img' / f'unlabeled_{i}.png', dark)
    found = only(check_config(config(root)), 'nearly black', 'warning')
    assert 'max_value=4095' in found.fix


def test_masks_above_8_bits(root):
    mask = full_mask().astype(np.uint16) * 100
    save(root / 'labeled/ann/labeled_0.png', mask)
    only(check_config(config(root)), r'above 255 \(up to 300\)')


@pytest.mark.parametrize('reduced', [False, True])
def test_masks_below_zero(root, reduced):
    """The settings that it names are those that read the masks."""
    values = np.array([-9999, 0, 1, 2, 3], np.int32)
    values[1:] += reduced
    mask = values[full_mask(values=range(5))]
    for i in range(3):
        save(root / f'labeled/ann/labeled_{i}.tif', mask)
        (root / f'labeled/ann/labeled_{i}.png').unlink()
    settings = dict(
        reduce_zero_label=reduced, label_map={-9999 - reduced: 255}
    )
    cfg = config(root, settings)
    found = only(check_config(cfg), r'below 0 \(-9999\); .* -9999 to 241')
    advice = "mask_format=dict(type='LoadIndexMasks')"
    assert advice in found.fix
    assert f'label_map={{{-9999 - reduced}: 255}}' in found.fix
    settings['mask_format'] = dict(type='LoadIndexMasks')
    cfg = config(root, settings)
    assert check_config(cfg).findings == []
    dataset = DATASETS.build(cfg.train_dataloader.dataset.labeled)
    assert set(np.unique(dataset[0]['gt_seg_map'])) == {0, 1, 2, 3, 255}


def test_different_images_with_one_mask(root):
    """Names repeat in two folders of images; a copy is no fault."""
    shutil.copytree(root / 'labeled/img', root / 'labeled/more')
    save(root / 'labeled/more/labeled_1.png', picture())
    prefix = dict(img_path=['img', 'more'], seg_map_path='ann')
    part = dict(labeled_part(root), data_prefix=prefix)
    found = only(check_data(DATASETS.build(part)), 'one mask is taken for')
    assert len(found.files) == 1
    for path in ('ann', 'img', 'more'):
        assert f'labeled/{path}/labeled_1.png' in found.files[0]
    (root / 'labeled/ann_2').symlink_to('ann')
    prefix['seg_map_path'] = ['ann', 'ann_2']
    assert check_data(DATASETS.build(part)).findings == []


def test_different_images_with_one_mask_in_two_datasets(root):
    shutil.copytree(root / 'labeled', root / 'more')
    for i in range(3):
        save(root / f'more/img/labeled_{i}.png', picture())
    more = labeled_part(root, 'more')
    more['data_prefix']['seg_map_path'] = str(root / 'labeled/ann')
    both = dict(type='ConcatDataset', datasets=[labeled_part(root), more])
    found = only(check_data(DATASETS.build(both)), 'one mask is taken for')
    assert len(found.files) == 3


def test_links_to_files_that_were_not_fetched(root):
    for path in ('labeled/img/x.png', 'labeled/ann/labeled_0.png'):
        (root / path).unlink(missing_ok=True)
        (root / path).symlink_to('../.annex/0a1b')
    save(root / 'labeled/ann/x.png', full_mask())
    report = check_config(config(root))
    assert rows(report) == [
        f'error labeled: unreadable {what}: the file is missing'
        for what in ('image', 'mask')
    ]
    assert report.findings[0].files == [str(root / 'labeled/img/x.png')]


def test_palette_masks_read_by_opencv(root):
    cfg = config(root)
    loader = cfg.train_dataloader.dataset.labeled.pipeline[1]
    loader.imdecode_backend = 'cv2'
    for i in range(3):
        image = Image.fromarray(full_mask())
        image.putpalette(list(range(256)) * 3)
        image.save(root / 'labeled/ann' / f'labeled_{i}.png')
    found = only(check_config(cfg), 'palette masks')
    assert "imdecode_backend='pillow'" in found.fix
    loader.imdecode_backend = 'pillow'
    assert check_config(cfg).findings == []


def test_model_of_another_number_of_classes(root):
    report = check_config(config(root, num_classes=7))
    assert len(report.errors) == 2  # labeled and val
    assert 'has 4 classes, the model 7' in rows(report)[0]


def test_more_classes_than_the_ignore_value(root):
    names = tuple(f'class {i}' for i in range(300))
    part = labeled_part(root)
    part['metainfo'] = dict(classes=names)
    report = check_data(DATASETS.build(part))
    assert 'ignore_index 255 is one of the 300' in rows(report)[0]
    for i in range(3):
        mask = np.arange(24 * 32).reshape(24, 32) % 300
        save(root / 'labeled/ann' / f'labeled_{i}.png', mask.astype(np.uint16))
    part['pipeline'][1] = dict(type='LoadWideAnnotations')
    assert check_data(DATASETS.build(part)).findings == []


@pytest.mark.parametrize('wrapper', ['RepeatDataset', 'ConcatDataset'])
def test_wrapped_datasets(root, wrapper):
    part = labeled_part(root)
    inner = (
        dict(dataset=part, times=2)
        if wrapper == 'RepeatDataset'
        else dict(datasets=[part, labeled_part(root, 'val')])
    )
    save(root / 'labeled/ann/labeled_0.png', full_mask(values=[0, 1, 2, 3, 9]))
    report = check_data(DATASETS.build(dict(type=wrapper, **inner)))
    only(report, r'9 \(1 masks\)')


def test_volumes_are_loaded_but_not_judged(root):
    cfg = config(root)
    part = cfg.train_dataloader.dataset.labeled
    part.pipeline = [
        dict(type='LoadBiomedicalImageFromFile', decode_backend='numpy'),
        dict(type='LoadBiomedicalAnnotation', decode_backend='numpy'),
    ]
    for i in range(3):
        for kind in ('img', 'ann'):
            with open(root / f'labeled/{kind}/labeled_{i}.png', 'wb') as file:
                np.save(file, RNG.random((4, 5, 6)))
    report = check_config(cfg)
    only(report, 'LoadBiomedicalImageFromFile', 'warning')
    (root / 'labeled/img/labeled_1.png').write_bytes(b'an array')
    (root / 'labeled/ann/labeled_0.png').unlink()
    report = check_config(cfg)
    assert [f.files for f in report.errors] == [
        [str(root / 'labeled/img/labeled_1.png')],
        [str(root / 'labeled/ann/labeled_0.png')],
    ]


@TRANSFORMS.register_module()
class LoadUpsideDown(LoadImageFromFile):
    """A loader of another origin, that knows its own files only."""

    def transform(self, results):
        if 'labeled_2' in results['img_path']:
            raise KeyError('no entry')
        results = super().transform(results)
        results['img'] = results['img'].transpose(1, 0, 2)
        return results


def test_the_loader_of_training_is_asked(root):
    """Whatever it does: here it turns the images, but not the masks."""
    cfg = config(root)
    steps = cfg.train_dataloader.dataset.labeled.pipeline
    steps[0] = dict(type='LoadUpsideDown')
    report = check_config(cfg)
    assert rows(report) == [
        "error labeled: unreadable image: the file is damaged: 'no entry'",
        'error labeled: image and mask differ in size (width x height)',
    ]
    assert report.errors[1].files[0].endswith('(32x24), image 24x32')


def test_supervised_config_without_unlabeled_part(root):
    cfg = config(root)
    cfg.train_dataloader.dataset = labeled_part(root)
    report = check_config(cfg)
    assert report.counts == dict(labeled=3, val=2)


def test_second_check_reads_changed_files_only(root, monkeypatch):
    from mmseg_usrn.data_check import scan as module

    cache = root / 'work/cache.json'
    first = check_config(config(root), cache)
    looked = []
    stock = module.look

    def look(info, *args):
        looked.append(info['img_path'])
        return stock(info, *args)

    monkeypatch.setattr(module, 'look', look)
    second = check_config(config(root), cache)
    assert looked == []
    assert (second.findings, second.pixels) == (first.findings, first.pixels)
    time.sleep(0.01)
    changed = 'labeled_0.png'
    save(root / 'labeled/ann' / changed, full_mask(values=[0, 9]))
    third = check_config(config(root), cache)
    assert looked == [str(root / 'labeled/img' / changed)]
    assert '9 (1 masks)' in rows(third)[0]


def test_files_are_read_again_for_another_loader(root):
    cache = root / 'work/cache.json'
    assert check_config(config(root), cache).findings == []
    cfg = config(root)
    for i in range(3):
        image = Image.fromarray(full_mask())
        image.putpalette(list(range(256)) * 3)
        image.save(root / 'labeled/ann' / f'labeled_{i}.png')
    assert check_config(cfg, cache).findings == []
    loader = cfg.train_dataloader.dataset.labeled.pipeline[1]
    loader.imdecode_backend = 'cv2'
    only(check_config(cfg, cache), 'palette masks')


@pytest.mark.parametrize('content', ['', 'no json', '{}', '[]'])
def test_damaged_cache_is_ignored(root, content):
    cache = root / 'cache.json'
    cache.write_text(content)
    assert check_config(config(root), cache).findings == []
    assert len(json.loads(cache.read_text())['files']) == 8


def test_training_is_refused_with_the_table(root):
    check_before_training(config(root))
    save(root / 'labeled/ann/labeled_0.png', full_mask(values=[0, 9]))
    with pytest.raises(ValueError, match='what to do'):
        check_before_training(config(root))
