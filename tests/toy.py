"""Toy images and a toy training, which takes a second."""

from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from PIL import Image
from torch import nn

IGNORE = 255


def draw_mask(rng, size, classes) -> np.ndarray:
    """Class 0 with a rectangle of each class, edged with ignored pixels."""
    height, width = size
    mask = np.zeros(size, np.uint8)
    column = width // len(classes)
    for place, label in enumerate(classes):
        top = rng.integers(5, height // 3)
        left = place * column + rng.integers(2, column // 4)
        bottom, right = top + height // 2, left + column // 2
        mask[top - 1 : bottom + 1, left - 1 : right + 1] = IGNORE
        mask[top:bottom, left:right] = label
    return mask


def paint(rng, mask) -> np.ndarray:
    """An image in which each class has its colour, and noise."""
    colours = np.random.default_rng(1).integers(0, 256, (256, 3))
    noise = rng.normal(0, 15, (*mask.shape, 3))
    return np.clip(colours[mask] + noise, 0, 255).astype(np.uint8)


def save(path: Path, array: np.ndarray, palette: bool = False) -> None:
    """Saves an image or a mask; makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    if palette:
        image.putpalette(list(range(256)) * 3)
    image.save(path)


def write_toy_images(root: Path) -> None:
    """5 labeled, 7 unlabeled and 2 validation images, 48x64.

    Classes 0 to 3, each labeled image has all of them.
    """
    rng = np.random.default_rng(0)
    for part, number in dict(labeled=5, unlabeled=7, val=2).items():
        for i in range(number):
            mask = draw_mask(rng, (48, 64), [1, 2, 3])
            save(root / part / f'{i}.png', paint(rng, mask))
            if part != 'unlabeled':
                save(root / f'{part}_masks' / f'{i}.png', mask)


def toy_config(root: Path, work_dir: Path) -> Config:
    """A run of USRN that takes a second: 6 iterations, tiny network.

    Two iterations of warm-up, clustered at iterations 2 and 4; 4 classes,
    8 subclasses, batches of 2.
    """
    norm = dict(type='BN')
    dataset = dict(
        type='BaseSegDataset',
        metainfo=dict(classes=('ground', 'one', 'two', 'three')),
        data_root=str(root),
        img_suffix='.png',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations'),
            dict(type='PackSegInputs'),
        ],
    )
    geometry = [
        dict(type='RandomResize', scale=(64, 48), ratio_range=(0.8, 1.5)),
        dict(type='RandomCrop', crop_size=(40, 40)),
        dict(type='RandomFlip', prob=0.5),
    ]
    pack = dict(type='PackSegInputs')
    unlabeled_pipeline = [
        dict(type='LoadImageFromFile'),
        *geometry,
        dict(type='MultiBranch', unsup_weak=[pack], unsup_strong=[pack]),
    ]
    labeled_pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        dict(type='AddCellMap', stride=8),
        *geometry,
        dict(type='PackLabeledInputs'),
    ]
    paths = {
        part: dict(img_path=part, seg_map_path=f'{part}_masks')
        for part in ('labeled', 'val')
    }
    val_dataloader = dict(
        batch_size=1,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(dataset, data_prefix=paths['val']),
    )
    evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
    return Config(
        dict(
            default_scope='mmseg',
            work_dir=str(work_dir),
            randomness=dict(seed=0),
            log_level='WARNING',
            model=dict(
                type='USRN',
                data_preprocessor=dict(
                    type='SegDataPreProcessor',
                    mean=[127.5] * 3,
                    std=[50.0] * 3,
                    size=(40, 40),
                    seg_pad_val=IGNORE,
                ),
                backbone=dict(
                    type='ResNet',
                    depth=18,
                    base_channels=8,
                    stem_channels=8,
                    strides=(1, 2, 1, 1),
                    dilations=(1, 1, 2, 4),
                    norm_cfg=norm,
                ),
                decode_head=dict(
                    type='FCNHead',
                    in_channels=64,
                    in_index=3,
                    channels=8,
                    num_convs=1,
                    concat_input=False,
                    num_classes=4,
                    norm_cfg=norm,
                ),
                num_subclasses=8,
                test_cfg=dict(mode='whole'),
            ),
            train_dataloader=dict(
                batch_size=2,
                num_workers=0,
                sampler=dict(type='InfiniteSampler', shuffle=True),
                dataset=dict(
                    type='PairedDataset',
                    labeled=dict(
                        dataset,
                        data_prefix=paths['labeled'],
                        pipeline=labeled_pipeline,
                    ),
                    unlabeled=dict(
                        dataset,
                        data_prefix=dict(img_path='unlabeled'),
                        pipeline=unlabeled_pipeline,
                    ),
                ),
            ),
            val_dataloader=val_dataloader,
            test_dataloader=val_dataloader,
            val_evaluator=evaluator,
            test_evaluator=evaluator,
            optim_wrapper=dict(
                type='OptimWrapper',
                optimizer=dict(type='SGD', lr=0.01, momentum=0.9),
            ),
            train_cfg=dict(type='IterBasedTrainLoop', max_iters=6),
            val_cfg=dict(type='ValLoop'),
            test_cfg=dict(type='TestLoop'),
            default_hooks=dict(
                checkpoint=dict(
                    type='CheckpointHook', by_epoch=False, interval=3
                ),
            ),
            custom_hooks=[
                dict(
                    type='SubclassReclusterHook',
                    warmup_iters=2,
                    interval=2,
                    num_workers=0,
                )
            ],
        )
    )


def fill_table(model: nn.Module) -> None:
    """5 images of 6x8 cells; subclass 2k is the only one of class k used."""
    model.subclass_table.fill(
        subclass_to_class=torch.arange(4).repeat_interleave(2),
        prototypes=torch.zeros(8, 8),
        prices=torch.zeros(8),
        cells_per_image=torch.full((5,), 48),
        cell_subclass=torch.full((5 * 48,), -1, dtype=torch.int32),
        dominant_subclass=torch.tensor([[0, 2, 4, 6]] * 5),
    )
