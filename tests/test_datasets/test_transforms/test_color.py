import cv2
import numpy as np
import pytest
import torch
import torchvision
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

from mmseg_usrn.datasets.transforms import (
    ColorJitter,
    GaussianBlur,
    ToGray,
    color,
)


@pytest.fixture
def image():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)


def test_blur_of_a_point_has_deviation_1_1():
    point = np.zeros((9, 9, 3), np.uint8)
    point[4, 4] = 255
    blurred = GaussianBlur(5)(dict(img=point))['img'].astype(float)
    weights = np.exp(-(np.arange(-2, 3) ** 2) / (2 * 1.1**2))
    weights /= weights.sum()
    expected = 255 * np.outer(weights, weights)
    assert np.abs(blurred[2:7, 2:7, 0] - expected).max() < 1.5
    assert blurred[:2].sum() == 0


def test_blur_refuses_even_kernels():
    with pytest.raises(ValueError, match='odd'):
        GaussianBlur(4)


def smooth(image):
    """A picture whose neighbouring pixels are alike, as in photos."""
    return cv2.resize(image, (300, 220), interpolation=cv2.INTER_CUBIC)


def differences(name, image, amount):
    """Absolute differences from torchvision on Pillow, in levels."""
    rgb = Image.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    theirs = getattr(torchvision.transforms.functional, f'adjust_{name}')
    ours = getattr(color, f'adjust_{name}')(image, amount)
    assert ours.dtype == np.uint8 and ours.flags.c_contiguous
    return np.abs(
        ours[..., ::-1].astype(int)
        - np.asarray(theirs(rgb, amount)).astype(int)
    )


@pytest.mark.parametrize('picture', ['noise', 'smooth', 'black', 'white'])
@pytest.mark.parametrize('factor', [0, 0.61, 0.8, 1, 1.173, 1.4, 2.5])
def test_parity_with_pillow(picture, factor, image):
    picture = dict(
        noise=image,
        smooth=smooth(image),
        black=np.zeros_like(image),
        white=np.full_like(image, 255),
    )[picture]
    assert not differences('brightness', picture, factor).any()
    assert not differences('contrast', picture, factor).any()
    saturation = differences('saturation', picture, factor)
    assert saturation.max() <= max(1, factor - 0.5)
    assert (saturation > 0).mean() < 0.01


@pytest.mark.parametrize('turns', [-0.5, -0.1, -0.04, 0, 0.03, 0.1, 0.37])
def test_parity_of_the_hue(turns, image):
    picture = smooth(image)
    found = differences('hue', picture, turns).max(-1)
    assert (found > 3).mean() < 0.001
    assert found.max() <= 7  # a step of Pillow's 255 hues
    assert found.mean() < 0.5


def test_contrast_where_the_mean_is_rounded():
    """Means of luma beside a half: OpenCV's would round the other way."""
    for red in range(0, 256, 5):
        picture = np.zeros((2, 100, 3), np.uint8)
        picture[0, :, 2] = red
        picture[1, :, 1] = 255 - red
        assert not differences('contrast', picture, 1.4).any()


def test_jitter_draws_what_torchvision_draws(image):
    jitter = ColorJitter(0.4, 0.4, 0.4, 0.1)
    theirs = torchvision.transforms.ColorJitter(0.4, 0.4, 0.4, 0.1)
    rgb = Image.fromarray(cv2.cvtColor(smooth(image), cv2.COLOR_BGR2RGB))
    for seed in range(10):
        torch.manual_seed(seed)
        ours = jitter(dict(img=smooth(image)))['img'][..., ::-1].astype(int)
        torch.manual_seed(seed)
        expected = np.asarray(theirs(rgb)).astype(int)
        assert np.abs(ours - expected).mean() < 0.6
        assert (np.abs(ours - expected) > 4).mean() < 0.01


@pytest.mark.parametrize('values', [(-0.1, 0, 0, 0), (0, 0, 0, 0.6)])
def test_jitter_refuses_what_cannot_be_drawn(values):
    with pytest.raises(ValueError, match='hue at most 0.5'):
        ColorJitter(*values)


@pytest.mark.parametrize('bands', [1, 2, 4, 6])
@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.float32])
def test_any_number_of_bands(bands, dtype, image):
    bands = np.dstack([image, image])[..., :bands].astype(dtype)
    torch.manual_seed(0)
    jittered = ColorJitter(0.4, 0.4, 0.4, 0.1)(dict(img=bands.copy()))['img']
    assert jittered.shape == bands.shape and jittered.dtype == dtype
    assert (jittered != bands).any()
    blurred = GaussianBlur()(dict(img=bands.copy()))['img']
    assert blurred.shape == bands.shape
    np.testing.assert_array_equal(
        blurred[..., -1], cv2.GaussianBlur(bands[..., -1].copy(), (5, 5), 0)
    )
    gray = ToGray()(dict(img=bands.copy()))['img']
    np.testing.assert_array_equal(gray, bands)


def test_what_is_left_out_is_said_once(image, monkeypatch):
    color._say_once.cache_clear()
    said = []
    monkeypatch.setattr(
        color, 'print_log', lambda text, logger: said.append(text)
    )
    for _ in range(3):
        ToGray()(dict(img=image[..., :2]))
        ColorJitter(saturation=0.4)(dict(img=image[..., :2]))
    start = 'images of 2 band(s): the strong view leaves out '
    assert said == [start + 'grayscale', start + 'saturation and hue']


@pytest.mark.parametrize('change', ['brightness', 'contrast', 'saturation'])
@pytest.mark.parametrize('dtype', [np.uint16, np.float32])
def test_deep_images_change_like_8_bit_ones(change, dtype, image):
    scale = 257 if dtype == np.uint16 else 1
    adjust = getattr(color, f'adjust_{change}')
    deep = adjust(image.astype(dtype) * dtype(scale), 1.3)
    expected = adjust(image, 1.3).astype(float)
    assert deep.dtype == dtype
    assert np.abs(deep / scale - expected).max() <= 1.3  # luma of 8 bits


def test_hue_of_deep_images():
    green = np.zeros((1, 1, 3), np.float32)
    green[..., 1] = 200
    turned = color.adjust_hue(green, 1 / 3)
    np.testing.assert_allclose(turned, [[[200, 0, 0]]], atol=0.01)


@pytest.mark.parametrize(
    ('setting', 'measure', 'bound'),
    [
        ('brightness', lambda hsv: hsv[..., 2].mean(), 0.4),
        ('saturation', lambda hsv: hsv[..., 1].mean(), 0.4),
    ],
)
def test_factors_are_uniform_around_one(setting, measure, bound):
    base = np.full((1, 1, 3), (90, 110, 130), np.uint8)
    jitter = ColorJitter(**{setting: bound})
    torch.manual_seed(0)

    def hsv(img):
        return cv2.cvtColor(img.astype(np.float32) / 255, cv2.COLOR_BGR2HSV)

    factors = np.array(
        [
            measure(hsv(jitter(dict(img=base))['img'])) / measure(hsv(base))
            for _ in range(2000)
        ]
    )
    assert factors.min() > 1 - bound - 0.03
    assert factors.max() < 1 + bound + 0.03
    assert factors.mean() == pytest.approx(1, abs=0.03)
    assert factors.std() == pytest.approx(bound / np.sqrt(3), abs=0.03)


def test_hue_turns_by_at_most_a_tenth():
    base = np.zeros((1, 1, 3), np.uint8)
    base[..., 1] = 200  # pure green: hue 120 degrees
    jitter = ColorJitter(hue=0.1)
    torch.manual_seed(0)
    hues = np.array(
        [
            cv2.cvtColor(
                jitter(dict(img=base))['img'].astype(np.float32) / 255,
                cv2.COLOR_BGR2HSV,
            )[0, 0, 0]
            for _ in range(1000)
        ]
    )
    assert 82 < hues.min() < 88
    assert 152 < hues.max() < 158
    assert hues.mean() == pytest.approx(120, abs=3)


def test_gray_is_the_luma_of_pillow(image):
    for picture in (image, smooth(image)):
        ours = ToGray()(dict(img=picture))['img']
        rgb = Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
        luma = np.asarray(rgb.convert('L'))
        assert ours.shape == picture.shape
        different = ours != luma[..., None]
        assert different.mean() < 1e-4  # ties
        assert np.abs(ours - luma[..., None].astype(int)).max() <= 1


@pytest.mark.parametrize('bands', [1, 2, 4, 6])
def test_strong_view_of_the_recipes(bands, image, project_root):
    """The unlabeled pipeline of own folders, from the loaded image on."""
    init_default_scope('mmseg')
    path = project_root / 'configs/_base_/datasets/folder.py'
    recipe = Config.fromfile(path)
    pipeline = Compose(recipe.train_dataloader.dataset.unlabeled.pipeline[1:])
    picture = np.dstack([smooth(image)] * 2)[..., :bands]
    for seed in range(8):
        np.random.seed(seed)
        torch.manual_seed(seed)
        views = pipeline(
            dict(img=picture, img_shape=(220, 300), ori_shape=(220, 300))
        )['inputs']
        weak, strong = views['unsup_weak'], views['unsup_strong']
        assert weak.shape == strong.shape and len(weak) == bands
        assert weak.dtype == strong.dtype == torch.uint8
