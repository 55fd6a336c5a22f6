"""From folders of a new kind to a config, a trained and a tested model."""

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from PIL import Image

RNG = np.random.default_rng(0)
CLASSES = ('soil', 'water', 'crop', 'road')
# A model that trains in seconds on a CPU.
MODEL = """
_base_ = 'mmseg::_base_/models/fcn_r50-d8.py'
model = dict(
    pretrained=None,
    backbone=dict(depth=18, base_channels=8),
    decode_head=dict(in_channels=64, channels=16, num_convs=1),
    auxiliary_head=dict(in_channels=32, channels=8),
)
"""
OCRNET = 'mmseg::_base_/models/ocrnet_hr18.py'
SHORT_RUN = (
    'train_cfg.max_iters=4',
    'train_cfg.val_interval=4',
    'default_hooks.checkpoint.interval=4',
    'default_hooks.logger.interval=1',
    'custom_hooks.0.warmup_iters=2',
    'custom_hooks.0.interval=1',
    'param_scheduler.0.end=4',
    'auto_scale_lr.base_batch_size=2',
    *(
        f'{part}_dataloader.{setting}'
        for part in ('train', 'val', 'test')
        for setting in ('num_workers=0', 'persistent_workers=False')
    ),
)


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def scene(values=(1, 2, 3, 4), size=(96, 128)):
    """An image of four textured quarters and its mask."""
    mask = np.zeros(size, np.uint8)
    middle = RNG.integers(30, 60, 2)
    for value, rows, columns in zip(
        values,
        (np.s_[: middle[0]], np.s_[: middle[0]], *[np.s_[middle[0] :]] * 2),
        [np.s_[: middle[1]], np.s_[middle[1] :]] * 2,
        strict=True,
    ):
        mask[rows, columns] = value
    colours = np.random.default_rng(1).integers(0, 200, (256, 3))
    image = colours[mask] + RNG.integers(0, 55, (*size, 3))
    return image.astype(np.uint8), mask


@pytest.fixture
def fields(tmp_path):
    """4 classes in nested folders of TIFF images with 1-based masks."""
    for part, count in (('labeled', 4), ('unlabeled', 6), ('val', 2)):
        for i in range(count):
            image, mask = scene()
            name = f'{"ab"[i % 2]}/{part}_{i}.tif'
            save(tmp_path / 'data' / part / 'images' / name, image)
            if part != 'unlabeled':
                save(tmp_path / 'data' / part / 'masks' / name, mask)
    (tmp_path / 'model.py').write_text(MODEL)
    return tmp_path


def arguments(*more, out='configs/my.py', val=True):
    parts = dict(
        labeled=('images', 'masks'),
        unlabeled=('images',),
        val=('images', 'masks') if val else (),
    )
    options = [
        text
        for part, kinds in parts.items()
        for kind in kinds
        for text in (f'--{part}-{kind}', f'data/{part}/{kind}')
    ]
    return [
        *options,
        *('--classes', *CLASSES, '--out', out),
        *more,
    ]


def plant_faults(data):
    """One image in both parts, one mask with a value that is no class."""
    copy = data / 'unlabeled/images/labeled_0.tif'
    shutil.copy(data / 'labeled/images/a/labeled_0.tif', copy)
    mask = data / 'labeled/masks/b/labeled_1.tif'
    good = mask.read_bytes()
    save(mask, scene((1, 2, 3, 9))[1])

    def fix():
        copy.unlink()
        mask.write_bytes(good)

    return fix


@pytest.mark.slow
def test_from_folders_to_a_tested_model(fields, run_tool):
    run_tool('new_dataset.py', *arguments('--model', 'model.py'), cwd=fields)
    text = (fields / 'configs/my.py').read_text()
    assert 'reduce_zero_label=True' in text and 'labels start at 1' in text
    options = ('configs/my.py', '--cfg-options', *SHORT_RUN)
    fix = plant_faults(fields / 'data')
    done = run_tool('train.py', *options, cwd=fields, check=False)
    assert done.returncode != 0
    for words in ('equal content', 'labeled_1.tif: 9', '2 error(s)'):
        assert words in done.stdout, done.stdout[-3000:]
    fix()
    done = run_tool('train.py', *options, cwd=fields)
    assert '4 labeled, 6 unlabeled, 2 val images; 0 error(s)' in done.stdout
    weights = 'work_dirs/my/iter_4.pth'
    written = (fields / 'work_dirs/my/my.py').read_text()
    done = run_tool('test.py', options[0], weights, *options[1:], cwd=fields)
    assert 'mIoU' in done.stdout and 'water' in done.stdout
    options = (weights, '--tta', *options[1:])
    done = run_tool('test.py', 'configs/my.py', *options, cwd=fields)
    assert 'mIoU' in done.stdout and 'water' in done.stdout
    assert (fields / 'work_dirs/my/my.py').read_text() == written
    done = run_tool('report.py', 'work_dirs/my', cwd=fields)
    assert 'report in work_dirs/my/report.html' in done.stdout


@pytest.fixture
def new_dataset(fields, project_root, monkeypatch):
    """Calls the tool in this process: returns its exit code."""
    path = project_root / 'tools' / 'new_dataset.py'
    spec = importlib.util.spec_from_file_location('new_dataset', path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.chdir(fields)

    def call(*args):
        monkeypatch.setattr('sys.argv', ['new_dataset.py', *args])
        return tool.main()

    return call


def test_without_validation(new_dataset, capsys):
    assert new_dataset(*arguments(val=False)) == 0
    printed = capsys.readouterr().out
    assert '4 labeled, 6 unlabeled images; 0 error(s)' in printed
    assert ' % water' in printed
    cfg = Config.fromfile('configs/my.py')
    assert cfg.val_dataloader is cfg.val_cfg is None
    assert len(DATASETS.build(cfg.test_dataloader.dataset)) == 6
    init_default_scope('mmseg')
    assert len(DATASETS.build(cfg.train_dataloader.dataset)) == 4
    assert cfg.model.type == 'USRN'
    assert cfg.model.auxiliary_head.num_classes == 4
    assert cfg.crop_size == (64, 64)
    steps = cfg.train_dataloader.dataset.unlabeled.pipeline
    assert steps[1].scale == (128, 96)


def test_nothing_is_written_with_errors_or_over_a_config(
    fields, new_dataset, capsys
):
    fix = plant_faults(fields / 'data')
    assert new_dataset(*arguments()) == 1
    assert 'labeled_1.tif: 9' in capsys.readouterr().out
    out = fields / 'configs/my.py'
    assert not out.exists()
    fix()
    out.parent.mkdir()
    out.write_text('mine')
    assert new_dataset(*arguments()) == 1
    assert '--force' in capsys.readouterr().err
    assert out.read_text() == 'mine'
    assert new_dataset(*arguments('--force')) == 0
    assert out.read_text() != 'mine'


def test_labeled_images_among_the_unlabeled_are_excluded(fields, new_dataset):
    images = fields / 'data/unlabeled/images'
    shutil.copytree(fields / 'data/labeled/images', images, dirs_exist_ok=True)
    (fields / 'list.txt').write_text(
        ''.join(f'{"ab"[i % 2]}/labeled_{i}\n' for i in range(4))
    )
    args = arguments('--labeled-list', 'list.txt', '--model', 'model.py')
    args[args.index('data/labeled/images')] = 'data/unlabeled/images'
    assert new_dataset(*args) == 0
    cfg = Config.fromfile('configs/my.py')
    parts = cfg.train_dataloader.dataset
    path = str(fields / 'list.txt')
    assert parts.unlabeled.exclude == parts.labeled.ann_file == path
    assert len(DATASETS.build(parts.unlabeled)) == 6


def test_folder_of_labeled_images_holds_no_unlabeled_ones(fields, new_dataset):
    """Names of its images may occur in the other folder, too."""
    images = fields / 'data/unlabeled/images'
    save(images / 'a/labeled_0.tif', scene()[0])
    more = ['data/labeled/images', '--model', 'model.py']
    args = arguments()
    at = args.index('data/unlabeled/images') + 1
    assert new_dataset(*args[:at], *more, *args[at:]) == 0
    part = Config.fromfile('configs/my.py').train_dataloader.dataset.unlabeled
    assert part.data_root == str(fields / 'data')
    assert part.data_prefix.img_path == 'unlabeled/images'
    assert len(DATASETS.build(part)) == 7


def test_models_with_several_auxiliary_heads(new_dataset):
    model = 'mmseg::_base_/models/setr_pup.py'
    assert new_dataset(*arguments('--model', model)) == 0
    heads = Config.fromfile('configs/my.py').model.auxiliary_head
    assert len(heads) > 1
    assert {head.num_classes for head in heads} == {4}


@pytest.mark.parametrize(
    'args, message',
    [
        (['--out', 'my.txt'], 'must end in .py'),
        (['--out', 'model.py/my.py'], 'model.py is a file; name a folder'),
        (['--val-masks', 'data/val/masks'], 'give both'),
        (['--classes', 'a', 'a'], 'more than once'),
        (['--unlabeled-images', 'nowhere'], 'nowhere does not exist'),
        (['--model', OCRNET], 'needs one decode head, but a cascade'),
    ],
)
def test_wrong_arguments(new_dataset, capsys, args, message):
    val = '--val-masks' not in args
    assert new_dataset(*arguments(*args, val=val)) == 1
    assert message in capsys.readouterr().err
    assert not Path('configs').exists()
