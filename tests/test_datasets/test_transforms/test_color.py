import cv2
import numpy as np
import pytest
import torch
import torchvision
from mmseg.registry import TRANSFORMS
from PIL import Image

from mmseg_usrn.datasets.transforms import ColorJitter, GaussianBlur


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


def test_jitter_equals_torchvision_on_rgb(image):
    torch.manual_seed(3)
    ours = ColorJitter(0.4, 0.4, 0.4, 0.1)(dict(img=image.copy()))['img']
    torch.manual_seed(3)
    theirs = torchvision.transforms.ColorJitter(0.4, 0.4, 0.4, 0.1)(
        Image.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    )
    np.testing.assert_array_equal(ours[..., ::-1], np.asarray(theirs))
    assert ours.flags.c_contiguous


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


def test_stock_grayscale_weights_are_those_of_the_luma(image):
    grayscale = TRANSFORMS.build(
        dict(
            type='RandomGrayscale',
            prob=1.0,
            keep_channels=True,
            channel_weights=(0.114, 0.587, 0.299),
        )
    )
    ours = grayscale(dict(img=image))['img'].astype(int)
    rgb = Image.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    luma = np.asarray(rgb.convert('L')).astype(int)
    assert ours.shape == image.shape
    assert np.abs(ours - luma[..., None]).max() <= 1
