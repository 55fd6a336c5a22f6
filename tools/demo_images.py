"""Generated demo images: small, textured, imbalanced, made in seconds.

    python tools/demo_images.py

The background is one class with four looks (meadow, brick, gravel, sky). Path
and pond are of medium size. Bush, crate and stone are small and rare, and each
resembles one look of the background. Light and colour change from image to
image, so that a few labeled images do not show what all images show.

Shapes: ``H, W`` height and width of an image.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

SIZE = 96  # height and width of every image, pixels
NUM_LABELED = 8
NUM_IMAGES = dict(train=208, val=24, test=60)  # train: labeled + unlabeled
# Part of the seed. The settings of the demo were chosen on the images of 2,
# so the test images are others.
_STREAMS = dict(train=0, val=1, test=3)
CLASSES = ('background', 'path', 'pond', 'bush', 'crate', 'stone')
# The rare class that hides in each look of the background.
LOOKS = dict(meadow=3, brick=4, gravel=5, sky=None)


def make_demo_data(root: str | Path, seed: int = 0) -> Path:
    """Write the demo images below ``root``, unless they are there.

    The folders are those of a real data set: ``img_dir/{train,val,test}``,
    ``ann_dir/{train,val,test}`` and ``splits/{labeled,unlabeled}.txt``. Only
    the labeled training images have an annotation file. Several processes
    may call this at once: each writes a folder of its own and one of them
    gets the final name.

    Args:
        root: Folder to make. It is taken as complete when it exists.
        seed: Seed of every random number. The same seed gives the same files.

    Returns:
        ``root`` as a path.

    Raises:
        ValueError: If ``root`` exists but does not hold the demo data.
    """
    root = Path(root)
    if (root / 'splits' / 'unlabeled.txt').is_file():
        return root
    if root.exists() and any(root.iterdir()):
        raise ValueError(
            f'{root} exists but does not hold the demo data '
            '(splits/unlabeled.txt is missing); remove or rename it, or take '
            'another folder'
        )
    root.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix='.demo_', dir=root.parent))
    try:
        draft.chmod(0o755)
        _write_data(draft, seed)
        os.rename(draft, root)
    except OSError:
        # Another process was first; its files are the same as ours.
        if not (root / 'splits' / 'unlabeled.txt').is_file():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return root


def _write_data(root: Path, seed: int) -> None:
    """Draw and write all images, annotations and lists below ``root``."""
    for name, count in NUM_IMAGES.items():
        for folder in ('img_dir', 'ann_dir'):
            (root / folder / name).mkdir(parents=True)
        for index in range(count):
            image, label = draw_scene(
                np.random.default_rng((seed, _STREAMS[name], index))
            )
            stem = f'{index:04d}.png'
            cv2.imwrite(str(root / 'img_dir' / name / stem), image)
            if name != 'train' or index < NUM_LABELED:
                cv2.imwrite(str(root / 'ann_dir' / name / stem), label)
    stems = [f'{index:04d}\n' for index in range(NUM_IMAGES['train'])]
    (root / 'splits').mkdir()
    (root / 'splits/labeled.txt').write_text(''.join(stems[:NUM_LABELED]))
    (root / 'splits/unlabeled.txt').write_text(''.join(stems[NUM_LABELED:]))


def draw_scene(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw one image and its label map.

    Args:
        rng: Source of all random choices.

    Returns:
        Image of shape (H, W, 3), BGR, uint8, and label map of shape (H, W),
        uint8, values ``0..len(CLASSES) - 1``.
    """
    looks = rng.choice(list(LOOKS), size=2, replace=False)
    image = _texture(rng, looks[0])
    label = np.zeros((SIZE, SIZE), np.uint8)
    second = _half_plane(rng)
    image[second] = _texture(rng, looks[1])[second]
    if rng.random() < 0.7:
        _paint(image, label, _band(rng), _texture(rng, 'path'), 1)
    if rng.random() < 0.6:
        _paint(
            image,
            label,
            _blob(rng, rng.uniform(14, 24)),
            _texture(rng, 'pond'),
            2,
        )
    for look, region in zip(looks, (~second, second), strict=True):
        kind = LOOKS[look]
        if kind is not None:
            for _ in range(rng.integers(1, 4)):
                _place_object(rng, image, label, region, kind)
    return _light(rng, image), label


def _noise(rng, cell: float, amount: float) -> np.ndarray:
    """Smooth noise of shape (H, W, 1) with features of ``cell`` pixels."""
    side = max(int(SIZE / cell), 2)
    grid = rng.normal(0, amount, (side, side)).astype(np.float32)
    return cv2.resize(grid, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)[
        ..., None
    ]


def _texture(rng, name: str) -> np.ndarray:
    """A full image of one material, shape (H, W, 3), BGR, about 0..1."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    phase = rng.uniform(0, 50)
    if name in ('brick', 'crate'):
        row_height, length = (9, 18) if name == 'brick' else (6, 200)
        row = (y + phase) // row_height
        joint = ((y + phase) % row_height < 2) | (
            (x + phase + row % 2 * length / 2) % length < 2
        )
        color = (0.28, 0.34, 0.62) if name == 'brick' else (0.26, 0.42, 0.66)
        return (
            np.where(joint[..., None], 0.62 if name == 'brick' else 0.2, color)
            + _noise(rng, 2, 0.04)
        ).astype(np.float32)
    color, cell, amount = dict(
        meadow=((0.22, 0.52, 0.32), 2, 0.09),
        bush=((0.16, 0.36, 0.26), 5, 0.07),
        gravel=((0.50, 0.52, 0.54), 2, 0.12),
        stone=((0.62, 0.60, 0.58), 8, 0.05),
        sky=((0.78, 0.62, 0.46), 24, 0.10),
        pond=((0.66, 0.54, 0.40), 9, 0.05),
        path=((0.40, 0.52, 0.60), 3, 0.04),
    )[name]
    image = np.array(color, np.float32) + _noise(rng, cell, amount)
    if name == 'pond':
        image += 0.06 * np.sin(0.8 * (y + phase))[..., None]
    elif name == 'bush':
        flowers = ((x + phase) % 7 < 3) & ((y + phase) % 7 < 3)
        image[flowers] += (0, 0.3, 0.35)
    elif name == 'stone':
        image[abs(np.sin(0.28 * (x + y + phase))) < 0.3] -= 0.25
    return image


def _half_plane(rng) -> np.ndarray:
    """Mask (H, W) of the part of the image beyond a wavy line."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    wave = 0.06 * np.sin(rng.uniform(6, 14) * (x + y) + angle)
    return np.cos(angle) * x + np.sin(angle) * y + wave > rng.uniform(
        -0.1, 0.1
    )


def _band(rng) -> np.ndarray:
    """Mask (H, W) of a winding band through the image."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    if rng.random() < 0.5:
        x, y = y, x
    bend = rng.uniform(4, 12) * np.sin(
        x / rng.uniform(10, 20) + rng.uniform(0, 6)
    )
    middle = rng.uniform(0.2, 0.8) * SIZE + bend
    return np.abs(y - middle) < rng.uniform(5, 9)


def _blob(rng, radius: float, center=None) -> np.ndarray:
    """Mask (H, W) of a wobbly ellipse, anywhere or around ``center``."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    cy, cx = rng.uniform(0.15, 0.85, 2) * SIZE if center is None else center
    angle = np.arctan2(y - cy, x - cx)
    wobble = 1 + 0.15 * np.sin(3 * angle + rng.uniform(0, 6))
    return np.hypot(y - cy, (x - cx) * rng.uniform(0.7, 1.3)) < radius * wobble


def _place_object(rng, image, label, region, kind: int) -> None:
    """Paint one small object of class ``kind`` inside ``region``."""
    candidates = np.argwhere(region & (label == 0))
    if not len(candidates):
        return
    center = candidates[rng.integers(len(candidates))]
    radius = rng.uniform(8, 12)
    if kind == CLASSES.index('crate'):
        y, x = np.mgrid[:SIZE, :SIZE]
        mask = np.maximum(abs(y - center[0]), abs(x - center[1])) < radius
    else:
        mask = _blob(rng, radius, center)
    _paint(image, label, mask, _texture(rng, CLASSES[kind]), kind)


def _paint(image, label, mask, texture, kind: int) -> None:
    """Put a texture and its class where ``mask`` is true, in place."""
    image[mask] = texture[mask]
    label[mask] = kind


def _light(rng, image: np.ndarray) -> np.ndarray:
    """Apply one image's light, colour cast, blur and sensor noise."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    slope = rng.uniform(0, 0.5) * (np.cos(angle) * x + np.sin(angle) * y)
    gain = rng.uniform(0.45, 1.3) * rng.uniform(0.9, 1.1, 3)
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.9))
    image = image * gain * (1 + slope[..., None])
    image = image + rng.normal(0, 0.015, image.shape)
    return (image.clip(0, 1) * 255).round().astype(np.uint8)


def main() -> None:
    """Write the images where ``configs/usrn/demo.py`` looks for them."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--out',
        default='data/demo',
        help='folder to make (default: data/demo)',
    )
    try:
        print(make_demo_data(parser.parse_args().out))
    except ValueError as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
