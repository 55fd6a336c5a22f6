"""Images of any depth, any number of bands, and turned ones."""

import cv2
import numpy as np
import pytest
import tifffile
from mmengine.config import Config
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_usrn.data_check import check_config


def write_all(own, save):
    """Write all images of the base by another function, as ``.tif``."""
    for part in ('labeled', 'unlabeled', 'val'):
        for path in list((own.root / part / 'images').iterdir()):
            image = np.array(Image.open(path))
            path.unlink()
            save(path.with_suffix('.tif'), image)
    return own


def sample_range(cfg):
    """Smallest and largest mean of the images that are trained on."""
    means = []
    for part in ('labeled', 'unlabeled'):
        dataset = DATASETS.build(
            {
                **cfg.train_dataloader.dataset[part],
                'pipeline': [cfg.load_image],
            }
        )
        means += [dataset[i]['img'].mean() for i in range(len(dataset))]
    return min(means), max(means)


@pytest.mark.parametrize('high', [1.0, 200.0])
def test_floating_point_images(own, high):
    """F3: three bands of float32."""
    own.base()
    write_all(
        own,
        lambda path, image: cv2.imwrite(
            str(path), np.float32(image[..., ::-1] / 255 * high)
        ),
    )
    cfg = own.config()
    assert cfg.load_image.type == 'LoadDeepImage'
    assert cfg.load_image.max_value == (1.0 if high == 1 else 255)
    low, top = sample_range(cfg)
    assert 60 < low <= top < 140
    assert check_config(cfg).findings == []
    # A config that somebody wrote by hand.
    for part in ('labeled', 'unlabeled'):
        steps = cfg.train_dataloader.dataset[part].pipeline
        steps[0] = dict(type='LoadImageFromFile')
    errors = check_config(cfg).errors
    assert [f.part for f in errors] == ['labeled', 'unlabeled']
    assert 'float32' in errors[0].problem
    assert 'LoadDeepImage' in errors[0].fix


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
@pytest.mark.parametrize('number', [2, 4, 6])
@pytest.mark.parametrize('planar', ['contig', 'separate'])
def test_bands(own, dtype, number, planar):
    """F5: the number of bands is said, and set."""
    own.base()
    scale = 15 if dtype == np.uint16 else 1

    def save(path, image):
        more = image[..., [0, 1, 2, 0, 1, 2]][..., :number].astype(dtype)
        if planar == 'separate':
            more = np.moveaxis(more, -1, 0)
        tifffile.imwrite(
            path,
            more * scale,
            photometric='minisblack',
            planarconfig=planar,
        )

    cfg = write_all(own, save).config()
    assert cfg.load_image.type == 'LoadBands'
    assert cfg.model.backbone.in_channels == number
    (mean,) = cfg.model.data_preprocessor.mean
    assert 100 < mean < 140
    assert check_config(cfg).findings == []
    train = DATASETS.build(cfg.train_dataloader.dataset)
    item = train[0]['inputs']
    assert item['sup'].shape[0] == number
    assert item['unsup_strong'][0].shape[0] == number
    steps = cfg.train_dataloader.dataset.labeled.pipeline
    steps[0] = dict(type='LoadImageFromFile')
    (found,) = check_config(cfg).errors
    assert f'{number} ' in found.problem and 'LoadBands' in found.fix


def test_chosen_bands_go_into_any_model(own):
    own.base()

    def save(path, image):
        bands = np.dstack([image, image])
        tifffile.imwrite(path, bands, photometric='minisblack')

    write_all(own, save)
    printed = own.refuse('--model', 'light')
    assert 'MobileNetV2 takes three' in printed
    cfg = own.config('--bands', 2, 1, 0)
    assert cfg.load_image == dict(type='LoadBands', bands=[2, 1, 0])
    item = DATASETS.build(cfg.train_dataloader.dataset)[0]['inputs']
    assert item['sup'].shape[0] == 3


def test_dark_16_bit_images_give_no_stale_warning(own):
    """F15: the config that was written loads them right."""
    own.base()
    write_all(
        own,
        lambda path, image: cv2.imwrite(
            str(path), np.uint16(image[..., ::-1]) * 16
        ),
    )
    cfg = own.config()
    assert cfg.load_image == dict(type='LoadDeepImage', max_value=4095)
    assert check_config(cfg).findings == []


EXIF = {n: Image.Exif() for n in range(1, 9)}
for number, exif in EXIF.items():
    exif[0x0112] = number
TURNS = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(np.swapaxes(a, 0, 1), 2),
    8: lambda a: np.rot90(a, 1),
}


def turned(own, orientation, size, suffix='.jpg', turn_masks=False):
    """The base with images that EXIF turns."""
    own.base(size=size)
    for part in ('labeled', 'unlabeled'):
        for path in list((own.root / part / 'images').iterdir()):
            image = Image.open(path)
            path.unlink()
            image.save(path.with_suffix(suffix), exif=EXIF[orientation])
    for path in (own.root / 'labeled/masks').iterdir():
        mask = np.array(Image.open(path))
        if turn_masks:
            mask = np.ascontiguousarray(TURNS[orientation](mask))
            Image.fromarray(mask).save(path)
    return own


@pytest.mark.parametrize('orientation', range(2, 9))
@pytest.mark.parametrize('suffix', ['.jpg', '.webp', '.png'])
def test_masks_whose_size_does_not_tell(own, orientation, suffix):
    """R4, R6: a warning that names the files and says how to look."""
    size = (80, 96) if orientation < 5 else (96, 96)
    cfg = turned(own, orientation, size, suffix).config()
    (found,) = check_config(cfg).findings
    assert found.level == 'warning' and found.part == 'labeled'
    assert len(found.files) == 8 and found.files[0].endswith(f'l00{suffix}')
    assert 'show_samples.py' in found.fix
    assert 'color_ignore_orientation' in found.fix


@pytest.mark.parametrize('orientation', range(5, 9))
def test_masks_whose_size_tells(own, orientation):
    """Of the raw picture they are an error, of the turned one right."""
    own = turned(own, orientation, (80, 96))
    assert 'EXIF turns the image but not its mask' in own.refuse()
    own = turned(own, orientation, (80, 96), turn_masks=True)
    assert check_config(own.config()).findings == []


@pytest.mark.parametrize('suffix', ['.webp', '.jpg'])
def test_a_loader_that_does_not_turn(own, suffix):
    """R5: as OpenCV before 4.13 with WebP. Raw masks are right then."""
    turned(own, 6, (80, 96), suffix, turn_masks=True)
    cfg = own.config()
    step = dict(
        type='LoadImageFromFile', color_type='color_ignore_orientation'
    )
    for part in ('labeled', 'unlabeled'):
        cfg.train_dataloader.dataset[part].pipeline[0] = step
    (found,) = check_config(cfg).errors
    assert 'differ in size' in found.problem
    turned(own, 6, (80, 96), suffix)
    assert check_config(cfg).findings == []


def test_transparent_and_grey_images_need_nothing(own):
    own.base()
    for part, kind in (('labeled', 'RGBA'), ('unlabeled', 'RGBA')):
        for path in (own.root / part / 'images').iterdir():
            Image.open(path).convert(kind).save(path)
    cfg = own.config()
    assert cfg.load_image == dict(type='LoadImageFromFile')
    assert check_config(cfg).findings == []
    assert isinstance(cfg, Config)


@pytest.mark.parametrize('wrong', [-9999.0, 1.03, 65535.0, np.nan])
def test_an_outlier_makes_no_image_flat(own, wrong):
    """A value for "no data", or one above full brightness, in one image."""
    own.base()

    def save(path, image):
        image = np.float32(image / 255)
        if path.stem == 'l03':
            image[:4, :4] = wrong
        tifffile.imwrite(
            path, np.dstack([image] * 2), photometric='minisblack'
        )

    cfg = write_all(own, save).config()
    assert cfg.load_image == dict(type='LoadBands', max_value=1.0)
    low, top = sample_range(cfg)
    assert 60 < low <= top < 140
    assert low - 2 < cfg.model.data_preprocessor.mean[0] < top + 2
    assert 'load nearly flat' not in own.printed


def test_images_of_two_units(own):
    """Reflectance in some files, digital numbers in another."""
    own.base()

    def save(path, image):
        unit = 10_000 if path.stem == 'l03' else 1
        cv2.imwrite(str(path), np.float32(image / 255 * unit))

    write_all(own, save).config()
    printed = ' '.join(own.printed.split())
    assert '21 of 22 images have values from 0 to ' in printed
    assert 'load nearly flat with max_value=16383' in printed


def test_a_single_band(own):
    own.base()

    def save(path, image):
        bands = np.dstack([image, image])
        tifffile.imwrite(path, bands, photometric='minisblack')

    cfg = write_all(own, save).config('--bands', 4)
    assert cfg.model.backbone.in_channels == 1
    (mean,) = cfg.model.data_preprocessor.mean
    assert 60 < mean < 140
    item = DATASETS.build(cfg.train_dataloader.dataset)[0]['inputs']
    assert item['sup'].shape[0] == 1
