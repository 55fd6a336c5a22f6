"""Folders as tools and data sets have them: one command each."""

import json

import numpy as np
import pytest
import scipy.io
from PIL import Image

from mmseg_usrn.data_check import check_config

PAINT = np.array([(0, 0, 0), (250, 50, 50), (10, 200, 30)], np.uint8)


def pairs(own, image, mask, change=lambda m: m, count=6, **options):
    """Draw images and masks under names with ``{}``.

    Returns:
        Mask of every image, by file name.
    """
    drawn = {}
    for i in range(count):
        picture, labels = own.draw()
        name = image.format(f'{i:03}')
        own.save(name, picture)
        own.save(mask.format(f'{i:03}'), change(labels), **options)
        drawn[name.rpartition('/')[2]] = labels
    return drawn


def pascal_voc(own):
    """JPEGImages beside SegmentationClass, palettes, 255 at borders."""
    drawn = pairs(own, 'VOC/JPEGImages/{}.jpg', 'VOC/SegmentationClass/{}.png')
    for path in (own.root / 'VOC/SegmentationClass').iterdir():
        image = Image.open(path)
        image.putpalette(PAINT.ravel().tolist())
        image.save(path)
    return drawn, dict(labeled_images='VOC')


def ade(own):
    """images/training and annotations/training, labels from 1."""
    drawn = pairs(
        own,
        'ADE/images/training/{}.jpg',
        'ADE/annotations/training/{}.png',
        lambda m: m + 1,
    )
    return drawn, dict(labeled_images='ADE/images/training')


def camvid_of_kaggle(own):
    """Colours in class_dict.csv, masks named _L."""
    drawn = pairs(own, 'CamVid/train/{}.png', 'CamVid/train_labels/{}_L.png')
    for path in (own.root / 'CamVid/train_labels').iterdir():
        mask = drawn[f'{path.name[:3]}.png']
        Image.fromarray(PAINT[mask]).save(path)
    rows = [
        f'{name}, {", ".join(map(str, color))}'
        for name, color in zip(('bg', 'red', 'green'), PAINT, strict=True)
    ]
    text = '\n'.join(['name, r, g, b', *rows])
    (own.root / 'CamVid/class_dict.csv').write_text(text)
    places = dict(
        labeled_images='CamVid/train',
        labeled_masks='CamVid/train_labels',
        classes=None,
    )
    return drawn, places


def roboflow_masks(own):
    """train and valid with _mask.png and _classes.csv in them."""
    drawn = {}
    for part in ('train', 'valid'):
        stem = f'robo/{part}/{part}{{}}_jpg.rf.0a1b'
        found = pairs(own, f'{stem}.jpg', f'{stem}_mask.png')
        drawn = drawn or found
        text = 'Pixel Value, Class\n0, bg\n1, red\n2, green\n'
        (own.root / f'robo/{part}/_classes.csv').write_text(text)
    places = dict(
        labeled_images='robo/train', val_images='robo/valid', classes=None
    )
    return drawn, places


def binary_pairs(own, image, mask):
    """As :func:`pairs`, with masks of 0 and 255."""
    drawn = pairs(own, image, mask, lambda m: np.uint8(255 * (m > 0)))
    return {name: np.uint8(mask > 0) for name, mask in drawn.items()}


def isic(own):
    """Binary masks of 0 and 255, named _segmentation."""
    drawn = binary_pairs(
        own,
        'isic/ISIC_{}.jpg',
        'isic_GroundTruth/ISIC_{}_segmentation.png',
    )
    places = dict(
        labeled_images='isic',
        labeled_masks='isic_GroundTruth',
        classes=['skin', 'lesion'],
    )
    return drawn, places


def drive(own):
    """Masks as GIF, 0 and 255."""
    drawn = binary_pairs(
        own,
        'drive/images/{}_training.tif',
        'drive/1st_manual/{}_manual1.gif',
    )
    places = dict(
        labeled_images='drive/images',
        labeled_masks='drive/1st_manual',
        classes=['background', 'vessel'],
    )
    return drawn, places


def matlab(own):
    drawn = pairs(own, 'mat/images/{}.jpg', 'mat/x/{}.png')
    (own.root / 'mat/labels').mkdir()
    for name, mask in drawn.items():
        path = own.root / 'mat/labels' / f'{name[:3]}.mat'
        scipy.io.savemat(path, dict(groundTruth=mask))
    return drawn, dict(labeled_images='mat/images')


def prefixes_in_one_folder(own):
    drawn = pairs(own, 'mixed/img_{}.png', 'mixed/mask_{}.png')
    for i in range(100, 108):
        own.save(f'mixed/img_{i}.png', own.draw()[0])
    return drawn, dict(labeled_images='mixed', unlabeled_images=None)


def capital_suffixes_in_subfolders(own):
    drawn = {}
    for trip in 'ab':
        image = f'trips/photos/{trip}/{trip}{{}}.JPG'
        drawn |= pairs(own, image, f'trips/gt/{trip}/{trip}{{}}.PNG')
    return drawn, dict(labeled_images='trips/photos', labeled_masks='trips/gt')


def webp_and_bmp(own):
    drawn = pairs(own, 'w/pictures/{}.webp', 'w/indices/{}.bmp')
    return drawn, dict(labeled_images='w/pictures', labeled_masks='w/indices')


def folders_of_classes(own):
    """red/000.jpg, green/000.jpg: blurred by JPEG."""
    drawn = pairs(own, 'c/photos/{}.jpg', 'c/x/{}.png')
    for name, mask in drawn.items():
        for label, color in ((1, 'Red'), (2, 'GREEN')):
            path = f'c/by_class/{color}/{name}'
            own.save(path, np.uint8(255 * (mask == label)), quality=100)
    return drawn, dict(labeled_images='c/photos', labeled_masks='c/by_class')


def squares(own, folder):
    """Images whose masks are two squares; returns masks by file name."""
    drawn = {}
    for i in range(6):
        picture, _ = own.draw()
        mask = np.zeros((80, 96), np.uint8)
        mask[8:24, 12:36], mask[40:60, 48:84] = 1, 2
        own.save(f'{folder}/{i}.jpg', picture)
        drawn[f'{i}.jpg'] = mask
    return drawn


BOXES = ((1, 'red', 12, 8, 36, 24), (2, 'green', 48, 40, 84, 60))


def yolo(own):
    """images/train, labels/train and data.yaml."""
    drawn = squares(own, 'yolo/images/train')
    folder = own.root / 'yolo/labels/train'
    folder.mkdir(parents=True)
    lines = []
    for label, _, left, top, right, low in BOXES:
        right, low = right - 1, low - 1
        corners = [(left, top), (right, top), (right, low), (left, low)]
        points = [v for x, y in corners for v in (x / 96, y / 80)]
        lines.append(' '.join(map(str, [label - 1, *points])))
    for name in drawn:
        (folder / f'{name[0]}.txt').write_text('\n'.join(lines))
    names = 'names: {0: red, 1: green}\nnc: 2\n'
    (own.root / 'yolo/data.yaml').write_text(names)
    return drawn, dict(labeled_images='yolo/images/train', classes=None)


def roboflow_coco(own):
    """_annotations.coco.json among the images."""
    drawn = squares(own, 'rc/train')
    content = dict(
        images=[
            dict(id=i, file_name=n, height=80, width=96)
            for i, n in enumerate(drawn)
        ],
        categories=[
            dict(id=0, name='things', supercategory='none'),
            dict(id=1, name='red', supercategory='things'),
            dict(id=2, name='green', supercategory='things'),
        ],
        annotations=[
            dict(
                image_id=i,
                category_id=label,
                segmentation=[[x, y, right, y, right, low, x, low]],
            )
            for i in range(6)
            for label, _, x, y, right, low in BOXES
        ],
    )
    path = own.root / 'rc/train/_annotations.coco.json'
    path.write_text(json.dumps(content))
    return drawn, dict(labeled_images='rc/train', classes=None)


def label_studio(own):
    drawn = squares(own, 'ls/upload')
    tasks = [
        dict(
            data=dict(image=f'/data/upload/1/0123abcd-{name}'),
            annotations=[
                dict(
                    result=[
                        dict(
                            original_width=96,
                            original_height=80,
                            type='rectanglelabels',
                            value=dict(
                                x=x / 0.96,
                                y=y / 0.8,
                                width=(right - x) / 0.96,
                                height=(low - y) / 0.8,
                                rectanglelabels=[label],
                            ),
                        )
                        for _, label, x, y, right, low in BOXES
                    ]
                )
            ],
        )
        for name in drawn
    ]
    (own.root / 'ls/project.json').write_text(json.dumps(tasks))
    places = dict(
        labeled_images='ls/upload',
        labeled_masks='ls/project.json',
        classes=['background', 'red', 'green'],
    )
    return drawn, places


def deep_masks(own):
    """Indices in 16-bit PNG, images of 16 bits."""
    drawn = pairs(
        own, 'd/images/{}.png', 'd/masks/{}.png', lambda m: m.astype(np.uint16)
    )
    return drawn, dict(labeled_images='d/images')


def two_folders_and_one_file_of_classes(own):
    drawn = {}
    for day in ('monday', 'tuesday'):
        image = f'days/{day}/{day}{{}}.jpg'
        drawn |= pairs(own, image, f'days/{day}/{day}{{}}_GT.png')
    (own.root / 'days/classes.txt').write_text('bg\nred\ngreen\n')
    places = dict(labeled_images=['days/monday', 'days/tuesday'], classes=None)
    return drawn, places


LAYOUTS = [
    *(pascal_voc, ade, camvid_of_kaggle, roboflow_masks, isic, drive, matlab),
    *(prefixes_in_one_folder, capital_suffixes_in_subfolders, webp_and_bmp),
    *(folders_of_classes, yolo, roboflow_coco, label_studio, deep_masks),
    two_folders_and_one_file_of_classes,
]


@pytest.mark.parametrize('layout', LAYOUTS)
def test_one_command(own, labels_of, layout):
    for i in range(8):
        own.save(f'unlabeled/images/u{i}.jpg', own.draw()[0])
    drawn, places = layout(own)
    given = dict(labeled_masks=None, val=False)
    cfg = own.config(**{**given, **places})
    labels = labels_of(cfg)
    assert len(labels) == len(drawn)
    for name, mask in drawn.items():
        if layout is folders_of_classes:
            assert (labels[name] != mask).mean() < 0.01
        else:
            np.testing.assert_array_equal(labels[name], mask)
    assert check_config(cfg).errors == [], check_config(cfg).table()
    assert cfg.model.decode_head.num_classes == len(
        cfg.train_dataloader.dataset.labeled.metainfo.classes
    )


def test_listed_images_of_a_folder_called_jpegimages(own, labels_of):
    """A list names them below the folder that all images are in."""
    drawn, _ = pascal_voc(own)
    for i in range(3):
        own.save(f'VOC/JPEGImages/more{i}.jpg', own.draw()[0])
        own.save(f'VOC/Extra/{i:03}.jpg', own.draw()[0])
    cfg = own.config(
        labeled_images='VOC/JPEGImages',
        labeled_masks='VOC/SegmentationClass',
        unlabeled_images='VOC/Extra',
        val=False,
    )
    names = set(labels_of(cfg, 'unlabeled'))
    assert names == {f'{n}{i}.jpg' for n in ('more', '00') for i in range(3)}
    assert set(labels_of(cfg)) == set(drawn)
    assert not check_config(cfg).errors
