import cv2
import mmcv
import numpy as np
import pytest
from mmseg.datasets.transforms import LoadAnnotations
from PIL import Image

from mmseg_usrn.data_check.counts import count_values
from mmseg_usrn.data_check.files import look
from mmseg_usrn.data_check.headers import is_palette
from mmseg_usrn.data_check.loaders import find_loaders

RGB = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
SIDEWAYS = Image.Exif()
SIDEWAYS[0x0112] = 6


class Dataset:
    """Of a dataset, the pipeline is all that the loaders are taken from."""

    def __init__(self, *steps):
        self.pipeline = mmcv.transforms.Compose(steps)


def image_facts(path, *steps):
    return look(dict(img_path=path), find_loaders(Dataset(*steps)))[0]


def mask_facts(path, backend='pillow'):
    info = dict(img_path='none', seg_map_path=path)
    loader = LoadAnnotations(imdecode_backend=backend)
    return look(info, find_loaders(Dataset(loader)))[1]


@pytest.mark.parametrize(
    'name, mode, options',
    [
        ('a.jpg', 'RGB', {}),
        ('a.jpg', 'CMYK', {}),
        ('a.bmp', 'RGB', {}),
        ('a.webp', 'RGBA', {}),
        ('a.tif', 'RGB', dict(compression='tiff_lzw')),
        ('a.tif', 'L', {}),
        ('a.png', 'LA', {}),
        ('a.png', 'P', {}),
        ('a.png', '1', {}),
    ],
)
def test_sizes_are_those_of_the_loaded_image(tmp_path, name, mode, options):
    path = str(tmp_path / name)
    Image.fromarray(RGB).convert(mode).save(path, **options)
    facts = image_facts(path)
    assert facts.fault == '' and facts.peak == 0
    assert (facts.height, facts.width) == mmcv.imread(path).shape[:2]


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'tif', 'webp'])
def test_exif_turns_width_and_height(tmp_path, suffix):
    path = str(tmp_path / f'a.{suffix}')
    Image.fromarray(RGB).save(path, exif=SIDEWAYS)
    facts = image_facts(path)
    assert (facts.height, facts.width) == (60, 40)
    assert facts.turned and facts.orientation == 6
    flag = 'color_ignore_orientation'
    facts = image_facts(path, mmcv.LoadImageFromFile(color_type=flag))
    height, width = mmcv.imread(path, flag).shape[:2]  # TIFF is turned
    assert (facts.height, facts.width) == (height, width)
    assert facts.turned == (height > width) and facts.orientation == 6


@pytest.mark.parametrize('suffix', ['png', 'tif'])
@pytest.mark.parametrize('shape', [(8, 9), (8, 9, 3)])
def test_peak_of_16_bit_images(tmp_path, suffix, shape):
    image = np.full(shape, 7, np.uint16)
    image[3, 4] = 4000
    path = str(tmp_path / f'a.{suffix}')
    cv2.imwrite(path, image)
    assert image_facts(path).peak == 4000


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'tif', 'webp', 'bmp'])
@pytest.mark.parametrize('part', [0.5, 0.9])
def test_truncated_files_are_faults(tmp_path, suffix, part):
    path = tmp_path / f'a.{suffix}'
    Image.fromarray(RGB).save(path)
    assert image_facts(str(path)).fault == ''
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    assert 'damaged' in image_facts(str(path)).fault
    if suffix != 'jpg':
        assert 'damaged' in mask_facts(str(path)).fault


def test_other_unreadable_files(tmp_path):
    (tmp_path / 'text.jpg').write_text('no image')
    (tmp_path / 'empty.jpg').write_bytes(b'')
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / 'f.tif')
    assert 'missing' in image_facts(str(tmp_path / 'gone.jpg')).fault
    assert 'empty' in image_facts(str(tmp_path / 'empty.jpg')).fault
    assert 'damaged' in image_facts(str(tmp_path / 'text.jpg')).fault
    assert 'missing' in mask_facts(str(tmp_path / 'gone.png')).fault


def test_values_of_masks(tmp_path):
    path = str(tmp_path / 'm.png')
    mask = np.array([[0, 3, 3], [255, 0, 3]], np.uint8)
    Image.fromarray(mask).save(path)
    facts = mask_facts(path)
    assert facts.values == {0: 2, 3: 3, 255: 1}
    assert (facts.height, facts.width, facts.channels) == (2, 3, 1)
    Image.fromarray(mask.astype(np.uint16) * 100).save(path)
    assert mask_facts(path).values == {0: 2, 300: 3, 25500: 1}
    Image.fromarray(mask > 0).save(path)
    assert mask_facts(path).values == {0: 2, 1: 4}


def test_palette_masks_depend_on_the_backend(tmp_path):
    path = str(tmp_path / 'm.png')
    image = Image.fromarray(np.array([[0, 1], [2, 2]], np.uint8))
    image.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0])
    image.save(path)
    facts = mask_facts(path)
    assert facts.values == {0: 1, 1: 1, 2: 2} and is_palette(path)
    assert mask_facts(path, 'cv2').channels == 3


def test_colour_gray_and_fractional_masks(tmp_path):
    Image.fromarray(RGB).save(tmp_path / 'c.png')
    Image.fromarray(RGB[..., 0]).convert('RGB').save(tmp_path / 'g.png')
    Image.fromarray(RGB[..., 0] / np.float32(3)).save(tmp_path / 'f.tif')
    colour = mask_facts(str(tmp_path / 'c.png'))
    assert colour.channels == 3 and not colour.gray
    assert mask_facts(str(tmp_path / 'g.png')).gray
    assert 'fractions' in mask_facts(str(tmp_path / 'f.tif')).fault


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.int32, np.float32])
def test_count_values(dtype):
    mask = np.random.default_rng(0).integers(0, 5, (9, 7)).astype(dtype)
    mask[:, 3:] = 200
    expected = {int(v): int((mask == v).sum()) for v in np.unique(mask)}
    assert count_values(mask) == expected
