"""Points for the benchmark of balanced k-means."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
CHANNELS = 256


@lru_cache(maxsize=2)
def make_data(kind: str, number: int, seed: int = 0, part: int = 0) -> Tensor:
    """Draw (number, 256) float32 points.

    Args:
        kind: 'gmm' is a Gaussian mixture of 64 modes of unequal weight and
            width; 'img' are random features of patches of two photographs.
            Variants of the first: 'gmm, 500 distinct' draws from 500 points,
            in 'gmm, 60 % zeros' so many points are zero, and in 'gmm,
            outliers' 0.1 % are 1000 times as large. 'camvid' are pixels of
            MobileNetV2 features of 23 labeled images (96 channels).
        number: How many points.
        seed: Seed of what is drawn from.
        part: Further points of the same seed.
    """
    generator = torch.Generator().manual_seed(seed)
    if kind == 'img':
        return _image_features(number, generator)
    if kind == 'camvid':
        return _camvid_features()[:number]
    if kind != 'gmm':
        return _hard_points(kind, number, generator)
    modes = 64
    weights = torch.rand(modes, generator=generator) + 0.2
    means = torch.randn(modes, CHANNELS, generator=generator) * 0.4
    widths = 0.2 + 0.3 * torch.rand(modes, generator=generator)
    # Twelve directions carry most of the spread within a mode.
    axes = torch.randn(modes, 12, CHANNELS, generator=generator) * 0.3
    generator.manual_seed(1000 * seed + part)
    mode = torch.multinomial(weights, number, True, generator=generator)
    points = torch.randn(number, CHANNELS, generator=generator)
    points.mul_(0.3 * widths[mode, None]).add_(means[mode])
    for index in range(modes):
        rows = (mode == index).nonzero()[:, 0]
        scores = torch.randn(len(rows), 12, generator=generator)
        points[rows] += widths[index] * (scores @ axes[index])
    return points


def _hard_points(kind: str, number: int, generator: torch.Generator) -> Tensor:
    """Variants of the mixture that are hard to balance."""
    if kind == 'gmm, 500 distinct':
        chosen = torch.randint(500, (number,), generator=generator)
        return make_data('gmm', 500)[chosen]
    points = make_data('gmm', number).clone()
    draw = torch.rand(number, generator=generator)
    if kind == 'gmm, 60 % zeros':
        points[draw < 0.6] = 0
    elif kind == 'gmm, outliers':
        points[draw < 0.001] *= 1000
    else:
        raise ValueError(f'no such data: {kind}')
    return points


def _camvid_features() -> Tensor:
    """Features at stride 8 of the labeled pixels of CamVid's 1/16 split.

    Needs ``../shared/data``, with the ImageNet weights of MobileNetV2.
    """
    from mmseg.models.backbones import MobileNetV2
    from PIL import Image

    data = ROOT.parent / 'shared' / 'data'
    net = MobileNetV2(out_indices=(4,))
    net.eval()
    weights = torch.load(data / 'weights' / 'mobilenet_v2_float32.pth')
    weights = weights.get('state_dict', weights)
    weights = {k.removeprefix('backbone.'): v for k, v in weights.items()}
    net.load_state_dict(weights, strict=False)
    split = data / 'camvid' / 'splits' / '1over16' / 'seed0' / 'labeled.txt'
    parts = []
    for name in split.read_text().split():
        (path,) = (data / 'camvid' / 'img_dir' / 'train').glob(f'{name}.*')
        image = np.array(Image.open(path).convert('RGB'))
        image = (image - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]
        image = torch.from_numpy(image).permute(2, 0, 1)[None].float()
        with torch.no_grad():
            features = net(image)
        size = [length // 8 for length in image.shape[2:]]
        features = torch.nn.functional.interpolate(
            features, size=size, mode='bilinear'
        )
        mask = data / 'camvid' / 'ann_dir' / 'train' / f'{name}.png'
        labels = torch.from_numpy(np.array(Image.open(mask))[4::8, 4::8])
        labels = labels[: size[0], : size[1]].flatten()
        parts.append(features[0].flatten(1).T[labels < 11])
    return torch.cat(parts)


def _image_features(number: int, generator: torch.Generator) -> Tensor:
    from sklearn.datasets import load_sample_images

    images = np.stack(load_sample_images().images)
    photos = torch.from_numpy(images).float() / 127.5 - 1
    size = 9
    patches = photos.unfold(1, size, 1).unfold(2, size, 1)  # a view
    count, height, width = patches.shape[:3]
    place = torch.randint(
        count * height * width, (number,), generator=generator
    )
    image, place = place // (height * width), place % (height * width)
    chosen = patches[image, place // width, place % width].flatten(1)
    weights = torch.randn(chosen.shape[1], CHANNELS, generator=generator)
    return torch.relu(chosen @ weights / chosen.shape[1] ** 0.5)
