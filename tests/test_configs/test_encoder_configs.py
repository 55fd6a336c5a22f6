"""Recipes with DINOv2 and SegFormer: schedule, steps and resume."""

import importlib

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS

import mmseg_usrn  # noqa: F401  (registers the package)

# name: crop, global batch, iterations, encoder's and head's learning rate
RECIPES = {
    'voc_92_dinov2-s14': (518, 16, 40000, 5e-6, 2e-4),
    'voc_92_dinov2-b14': (518, 16, 40000, 5e-6, 2e-4),
    'voc_92_segformer_mit-b2': (518, 16, 40000, 6e-5, 6e-4),
    'cityscapes_1over16_dinov2-s14': (798, 8, 63000, 5e-6, 2e-4),
    'cityscapes_1over16_dinov2-b14': (798, 8, 63000, 5e-6, 2e-4),
    'cityscapes_1over16_segformer_mit-b2': (798, 8, 63000, 6e-5, 6e-4),
}
TRAINED = [name for name in RECIPES if not name.endswith('b14')]


@pytest.fixture
def load(project_root):
    """Reads a config by its name."""
    init_default_scope('mmseg')
    folder = project_root / 'configs/usrn'
    return lambda name: Config.fromfile(folder / f'{name}.py')


@pytest.fixture
def benchmark(project_root, monkeypatch):
    """The benchmark of the training step, for its model and its batch."""
    monkeypatch.syspath_prepend(project_root / 'benchmarks')
    return importlib.import_module('train_step_contenders')


@pytest.mark.parametrize('name', RECIPES)
def test_schedule(load, name):
    crop, batch, iters, encoder, head = RECIPES[name]
    cfg = load(name)
    assert cfg.auto_scale_lr.base_batch_size == batch
    assert cfg.train_cfg.max_iters == cfg.param_scheduler[0].end == iters
    assert iters % cfg.train_cfg.val_interval == 0
    assert cfg.model.data_preprocessor.size == (crop, crop)
    cfg.model.backbone.init_cfg = None
    model = MODELS.build(cfg.model)
    assert model.threshold == 0.95
    assert model.teacher.momentum == pytest.approx(0.004)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    assert isinstance(optimizer, torch.optim.AdamW)
    rates = {
        id(parameter): group['lr']
        for group in optimizer.param_groups
        for parameter in group['params']
    }
    by_part = {'backbone': set(), 'decode_head': set()}
    for key, parameter in model.named_parameters():
        if parameter.requires_grad:
            by_part[key.split('.')[0]].add(rates[id(parameter)])
    assert list(by_part['backbone']) == [pytest.approx(encoder)]
    assert list(by_part['decode_head']) == [pytest.approx(head)]


def write_lists(root, split_dir, labeled, unlabeled):
    folder = root / split_dir
    folder.mkdir(parents=True)
    (folder / 'labeled.txt').write_text('\n'.join(labeled))
    (folder / 'unlabeled.txt').write_text('\n'.join(unlabeled))


@pytest.fixture
def data(request, tmp_path, monkeypatch):
    """Makes the miniature tree and the lists of a recipe."""

    def make(name, cfg):
        monkeypatch.chdir(tmp_path)
        if name.startswith('voc'):
            request.getfixturevalue('voc_root')
            stems = [f'2007_{i:06d}' for i in range(8)]
            parts = stems[::2], stems[1::2]
        else:
            request.getfixturevalue('cityscapes_root')
            stems = [f'aachen/aachen_{i:06d}_000019' for i in range(4)]
            parts = stems[:3], stems[3:]
        split_dir = cfg.train_dataloader.dataset.split_dir
        write_lists(tmp_path, split_dir, *parts)

    return make


@pytest.mark.parametrize('name', TRAINED)
def test_samples(load, data, name):
    cfg = load(name)
    data(name, cfg)
    np.random.seed(0)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    item = dataset[0]
    for images in (item['inputs']['sup'], *item['inputs']['unsup_strong']):
        assert max(images.shape[-2:]) <= RECIPES[name][0]
    whole = dataset.without_augmentation()[0]['inputs']
    assert max(whole.shape[1:]) == (500 if name.startswith('voc') else 2048)


@pytest.mark.slow
@pytest.mark.parametrize('name', TRAINED)
def test_steps_at_real_size(load, benchmark, name):
    """One step of the warm-up, and one after the clustering."""
    cfg, crop = load(name), RECIPES[name][0]
    model = benchmark.build_model(cfg.model, 'default', crop)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    data = benchmark.make_batch(model.num_classes, crop, 1, stock=False)
    for module in model.modules():  # a dropped block would not learn
        if type(module).__name__ == 'DropPath':
            module.drop_prob = 0.0
    start = {k: v.clone() for k, v in model.state_dict().items()}
    model.subclass_table.clear()
    log = model.train_step(data, wrapper)
    assert log['sup_subclass.loss_ce'] == 0 and log['loss'].isfinite()
    assert set(log).isdisjoint({'unsup_class.loss_ce'})
    benchmark.fill_table(model.subclass_table, crop)
    model.threshold = 0.0  # an untrained model is never confident
    log = model.train_step(data, wrapper)
    for part in ('sup_class', 'sup_subclass', 'unsup_class', 'unsup_subclass'):
        assert log[f'{part}.loss_ce'].isfinite()
        assert log[f'{part}.loss_ce'] > 0
    still = {
        name
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and torch.equal(parameter, start[name])
    }
    assert not still


# Windows of a crop, 8 patches: resuming does not depend on the size.
SMALL = '(112,112)'


def short_run(work_dir: str, iters: int) -> list[str]:
    """Options for iterations on one image of each kind, without weights."""
    part = 'train_dataloader.dataset.'
    settings = {
        'model.backbone.init_cfg': None,
        'model.data_preprocessor.size': SMALL,
        f'{part}labeled.pipeline.4.crop_size': SMALL,
        f'{part}unlabeled.pipeline.2.crop_size': SMALL,
        f'{part}feature_pipeline.1.scale': '(256,128)',
        'train_cfg.max_iters': iters,
        'train_cfg.val_interval': 1000,
        'param_scheduler.0.end': 3,
        'default_hooks.checkpoint.interval': 1,
        'default_hooks.logger.interval': 1,
        'train_dataloader.batch_size': 1,
        'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'custom_hooks.0.warmup_iters': 1,
        'custom_hooks.0.interval': None,
        'custom_hooks.0.num_workers': 0,
    }
    options = [f'{key}={value}' for key, value in settings.items()]
    return ['--work-dir', work_dir, '--cfg-options', *options]


@pytest.mark.slow
@pytest.mark.parametrize('name', [n for n in TRAINED if 'voc' in n])
def test_resume(load, data, run_tool, project_root, name):
    """The subclasses, the teacher and Adam's moments go on."""
    data(name, load(name))
    config = project_root / f'configs/usrn/{name}.py'
    run_tool('train.py', config, *short_run('whole', 3))
    first = run_tool('train.py', config, *short_run('parts', 2))
    assert 'subclass sizes' in first.stdout
    again = run_tool('train.py', config, '--resume', *short_run('parts', 3))
    assert 'subclass sizes' not in again.stdout
    assert 'unsup_class.loss_ce' in again.stdout
    whole, parts = (
        torch.load(f'{folder}/iter_3.pth', weights_only=False)['state_dict']
        for folder in ('whole', 'parts')
    )
    assert whole.keys() == parts.keys()
    for key, value in whole.items():
        assert torch.equal(value, parts[key]), key


def test_missing_weights_are_one_sentence(load, data, run_tool, project_root):
    name = 'voc_92_dinov2-s14'
    data(name, load(name))
    options = short_run('work', 2)
    place = options.index('model.backbone.init_cfg=None')
    options[place] = 'model.backbone.init_cfg.checkpoint=dinov2.pth'
    done = run_tool(
        'train.py',
        project_root / f'configs/usrn/{name}.py',
        *options,
        check=False,
    )
    assert done.returncode == 1 and 'Traceback' not in done.stdout
    (line,) = (n for n in done.stdout.splitlines() if n.startswith('error'))
    assert 'no file of pretrained weights dinov2.pth' in line
