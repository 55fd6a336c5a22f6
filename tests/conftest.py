"""Fixtures for all tests: shared data, tools as processes, small datasets."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from tests import toy
from tests.ranks import run_ranks as run_ranks_of
from tests.toy import draw_mask, paint, save

ROOT = Path(__file__).resolve().parents[1]


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
    return run_ranks_of


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


@pytest.fixture
def toy_root(tmp_path) -> Path:
    """`toy` with 5 labeled, 7 unlabeled and 2 validation images, 48x64.

    Classes 0 to 3, each labeled image has all of them.
    """
    root = tmp_path / 'toy'
    toy.write_toy_images(root)
    return root


@pytest.fixture
def toy_config(toy_root, tmp_path) -> Config:
    """A run of USRN that takes a second: 6 iterations, tiny network.

    Two iterations of warm-up, clustered at iterations 2 and 4; 4 classes,
    8 subclasses, batches of 2.
    """
    return toy.toy_config(toy_root, tmp_path / 'work_dir')
