"""Fixtures for all tests: shared data, tools as processes, small datasets."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
IGNORE = 255


@pytest.fixture(scope='session')
def project_root() -> Path:
    """The folder of this checkout."""
    return ROOT


@pytest.fixture(scope='session')
def shared_dir() -> Path:
    """The folder `shared` beside the project, with CamVid and weights."""
    folder = ROOT.parent / 'shared'
    if not folder.is_dir():
        pytest.skip(f'needs the data in {folder}')
    return folder


@pytest.fixture(scope='session')
def goldens_dir() -> Path:
    """Arrays recorded from the original implementation."""
    default = ROOT.parent / 'shared' / 'goldens'
    folder = Path(os.environ.get('USRN_GOLDENS', default))
    if not folder.is_dir():
        pytest.skip(f'needs the recorded arrays in {folder} (USRN_GOLDENS)')
    return folder


@pytest.fixture(scope='session')
def run_tool():
    """Runs `tools/NAME` as a process of its own.

    Call it as ``run_tool('train.py', config, '--amp', cwd=tmp_path)``. It
    returns the finished process, with stdout and stderr together in
    ``stdout``. The test fails with the end of the output if the tool takes
    longer than ``timeout`` seconds or, with ``check``, does not succeed.
    """
    return _run_tool


def _run_tool(name, *args, timeout=300, cwd=None, env=None, check=True):
    path = Path(name) if os.path.isabs(name) else ROOT / 'tools' / name
    start = ['bash'] if path.suffix == '.sh' else [sys.executable]
    command = [*start, str(path), *map(str, args)]
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={
            **os.environ,
            'OMP_NUM_THREADS': '1',
            'PYTHON': sys.executable,
            **(env or {}),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        # Its workers too: they would hold the pipe open.
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        pytest.fail(f'{command} took over {timeout} s\n{output[-20000:]}')
    if check and process.returncode:
        pytest.fail(
            f'{command} ended with {process.returncode}\n{output[-20000:]}'
        )
    return subprocess.CompletedProcess(command, process.returncode, output)


@pytest.fixture(scope='session')
def run_ranks():
    """Runs a function of a test module in several processes under gloo.

    Call it as ``run_ranks(function, *args)``: every process gets the
    arguments as strings, its ``RANK`` in the environment, and a process
    group.
    """
    return _run_ranks


# Ends at once: a thread of gloo may abort a process that is slow to end.
RANK_CODE = """
import os, runpy, sys
import torch.distributed as dist
from mmseg_usrn.engine.distributed import leave_process_group
dist.init_process_group('gloo')
runpy.run_path(sys.argv[1])[sys.argv[2]](*sys.argv[3:])
leave_process_group()
sys.stdout.flush()
os._exit(0)
"""


def _run_ranks(function, *args, world_size=2, timeout=200):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    env = {
        **os.environ,
        'MASTER_ADDR': '127.0.0.1',
        'MASTER_PORT': str(port),
        'WORLD_SIZE': str(world_size),
        'OMP_NUM_THREADS': '1',
    }
    file, name = function.__code__.co_filename, function.__name__
    processes = [
        subprocess.Popen(
            [sys.executable, '-c', RANK_CODE, file, name, *map(str, args)],
            env={**env, 'RANK': str(rank), 'LOCAL_RANK': str(rank)},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(world_size)
    ]
    try:
        outputs = [p.communicate(timeout=timeout)[0] for p in processes]
    finally:
        for process in processes:
            process.kill()
    for process, output in zip(processes, outputs, strict=True):
        if process.returncode:
            pytest.fail(f'{name} failed on a rank\n{output[-20000:]}')


@pytest.fixture
def voc_root(tmp_path) -> Path:
    """`data/VOCdevkit/VOC2012` with 8 training and 3 validation images.

    21 classes, each in at least one training image; image sizes differ.
    """
    root = tmp_path / 'data' / 'VOCdevkit' / 'VOC2012'
    rng = np.random.default_rng(0)
    lists = {'train': range(8), 'val': range(8, 11)}
    for number in range(11):
        first = 1 + 3 * (number % 8)
        classes = [c for c in range(first, first + 3) if c <= 20] or [1]
        size = (90, 120) if number % 2 else (110, 80)
        mask = draw_mask(rng, size, classes)
        stem = f'2007_{number:06d}'
        save(root / 'JPEGImages' / f'{stem}.jpg', paint(rng, mask))
        # VOC's own masks have a palette, those of SBD have none.
        of_voc = number % 2 == 0 or number in lists['val']
        folders = ['SegmentationClassAug'] + ['SegmentationClass'] * of_voc
        for folder in folders:
            save(root / folder / f'{stem}.png', mask, palette=of_voc)
    sets = root / 'ImageSets' / 'Segmentation'
    sets.mkdir(parents=True)
    for name, numbers in lists.items():
        text = ''.join(f'2007_{n:06d}\n' for n in numbers)
        (sets / f'{name}.txt').write_text(text)
    (sets / 'trainaug.txt').write_text((sets / 'train.txt').read_text())
    return root


@pytest.fixture
def cityscapes_root(tmp_path) -> Path:
    """`data/cityscapes` with 8 training and 2 validation images.

    19 classes, each in at least one training image; 128x256 pixels.
    """
    root = tmp_path / 'data' / 'cityscapes'
    rng = np.random.default_rng(0)
    cities = {'aachen': 'train', 'bochum': 'train', 'lindau': 'val'}
    for city, part in cities.items():
        for number in range(2 if part == 'val' else 4):
            first = 5 * number
            classes = [c for c in range(first, first + 5) if c < 19]
            mask = draw_mask(rng, (128, 256), classes)
            stem = f'{part}/{city}/{city}_{number:06d}_000019'
            image = root / 'leftImg8bit' / f'{stem}_leftImg8bit.png'
            save(image, paint(rng, mask))
            save(root / 'gtFine' / f'{stem}_gtFine_labelTrainIds.png', mask)
    return root


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


@pytest.fixture
def toy_root(tmp_path) -> Path:
    """`toy` with 5 labeled, 7 unlabeled and 2 validation images, 48x64.

    Classes 0 to 3, each labeled image has all of them.
    """
    root = tmp_path / 'toy'
    rng = np.random.default_rng(0)
    for part, number in dict(labeled=5, unlabeled=7, val=2).items():
        for i in range(number):
            mask = draw_mask(rng, (48, 64), [1, 2, 3])
            save(root / part / f'{i}.png', paint(rng, mask))
            if part != 'unlabeled':
                save(root / f'{part}_masks' / f'{i}.png', mask)
    return root


@pytest.fixture
def toy_config(toy_root, tmp_path) -> Config:
    """A run of USRN that takes a second: 6 iterations, tiny network.

    Two iterations of warm-up, clustered at iterations 2 and 4; 4 classes,
    8 subclasses, batches of 2.
    """
    norm = dict(type='BN')
    dataset = dict(
        type='BaseSegDataset',
        metainfo=dict(classes=('ground', 'one', 'two', 'three')),
        data_root=str(toy_root),
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
            work_dir=str(tmp_path / 'work_dir'),
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
