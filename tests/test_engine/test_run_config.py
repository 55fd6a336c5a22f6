"""Config of a run, from the arguments of a command line."""

from argparse import ArgumentParser

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_usrn.engine.hooks import SubclassReclusterHook
from mmseg_usrn.engine.run_config import (
    add_common_arguments,
    check_paths,
    load_config,
    set_batch_size,
    to_baseline,
    warn_about_batch_size,
)
from mmseg_usrn.models import USRN

BOTH = ('train_dataloader', 'val_dataloader')


@pytest.fixture
def load(toy_config, tmp_path, monkeypatch):
    """Loads the toy config, with a recipe of 8 images, as the tools do."""
    toy_config.auto_scale_lr = dict(base_batch_size=8)
    toy_config.pop('work_dir')
    toy_config.dump(tmp_path / 'toy.py')
    monkeypatch.chdir(tmp_path)

    def load(*options, config='toy.py', dataloaders=BOTH, **settings):
        parser = ArgumentParser()
        add_common_arguments(parser)
        args = parser.parse_args([config, *options])
        return load_config(args, dataloaders, **settings)

    return load


def test_load(load):
    cfg = load()
    assert cfg.work_dir == 'work_dirs/toy'
    assert cfg.launcher == 'none'
    assert cfg.train_dataloader.batch_size == 8
    cfg = load(
        *('--work-dir', 'here', '--cfg-options', 'train_cfg.max_iters=7'),
        'train_dataloader.batch_size=5',
    )
    assert cfg.work_dir == 'here'
    assert cfg.train_cfg.max_iters == 7
    assert cfg.train_dataloader.batch_size == 5


def test_recipe_can_be_changed(load):
    cfg = load('--cfg-options', 'auto_scale_lr.base_batch_size=6')
    assert cfg.train_dataloader.batch_size == 6


def test_options_that_do_not_fit(load, tmp_path):
    with (tmp_path / 'toy.py').open('a') as file:
        file.write('load_from = None\n')
    with pytest.raises(ValueError, match='--cfg-options do not fit toy.py'):
        load('--cfg-options', 'load_from.path=a.pth')


def test_missing_config(load):
    with pytest.raises(ValueError, match='no config file nowhere.py'):
        load(config='nowhere.py')


def test_missing_data_are_named_together(load, toy_root):
    (toy_root / 'unlabeled').rename(toy_root / 'elsewhere')
    (toy_root / 'val_masks').rename(toy_root / 'other')
    with pytest.raises(ValueError) as error:
        load('--cfg-options', 'how_to_prepare=make_splits.py')
    lines = str(error.value).splitlines()
    assert lines == [
        'data not found:',
        f'  {toy_root}/unlabeled',
        f'  {toy_root}/val_masks',
        'To fix it: make_splits.py',
    ]


def test_only_data_in_use_are_needed(load, toy_root):
    (toy_root / 'unlabeled').rename(toy_root / 'elsewhere')
    load(dataloaders=('test_dataloader',))


def test_a_link_that_leads_elsewhere_is_told(tmp_path):
    """``data/set/../splits`` where ``data/set`` is a link."""
    for folder in ('data/splits', 'disk/set'):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / 'data/splits/list.txt').touch()
    (tmp_path / 'data/set').symlink_to(tmp_path / 'disk/set')
    dataset = dict(
        data_root=f'{tmp_path}/data/set', ann_file='../splits/list.txt'
    )
    cfg = Config(dict(train_dataloader=dict(dataset=dataset)))
    with pytest.raises(ValueError, match='link turns into .*/disk/splits/'):
        check_paths(cfg, BOTH)


def test_baseline_is_the_stock_model_on_the_labeled_images(load, toy_config):
    recipe = load()
    baseline = load(baseline=True)
    assert baseline.work_dir == 'work_dirs/toy_baseline'
    assert baseline.model.type == 'EncoderDecoder'
    assert not {'num_subclasses', 'gate'} & baseline.model.keys()
    assert baseline.model.decode_head == recipe.model.decode_head
    labeled = recipe.train_dataloader.dataset.labeled
    assert baseline.train_dataloader.dataset == labeled
    assert baseline.custom_hooks == []
    for budget in ('train_cfg', 'optim_wrapper', 'auto_scale_lr'):
        assert baseline[budget] == recipe[budget]
    init_default_scope('mmseg')
    MODELS.build(baseline.model)


def test_baseline_of_classes_given_as_such(toy_config):
    class OwnHook(SubclassReclusterHook):
        pass

    toy_config.model.type = USRN
    toy_config.custom_hooks = [dict(type=OwnHook), dict(type='IterTimerHook')]
    init_default_scope('mmseg')
    to_baseline(toy_config)
    assert toy_config.model.type == 'EncoderDecoder'
    assert toy_config.custom_hooks == [dict(type='IterTimerHook')]


def test_baseline_takes_the_arguments_of_its_recipe(load):
    options = (
        *('--cfg-options', 'train_dataloader.dataset.labeled.indices=3'),
        *('train_dataloader.dataset.unlabeled.indices=2', 'model.gate=never'),
        'custom_hooks.0.warmup_iters=1',
    )
    recipe = load(*options)
    assert recipe.model.gate == 'never'
    assert recipe.custom_hooks[0].warmup_iters == 1
    baseline = load(*options, baseline=True)
    assert baseline.train_dataloader.dataset.indices == 3


def test_baseline_may_have_a_budget_of_its_own(load, toy_config):
    toy_config.baseline = dict(train_cfg=dict(max_iters=9, val_interval=3))
    toy_config.dump('toy.py')
    assert load().train_cfg.max_iters == toy_config.train_cfg.max_iters
    assert 'baseline' not in load()
    assert load(baseline=True).train_cfg.max_iters == 9
    options = ('--cfg-options', 'train_cfg.max_iters=5')
    assert load(*options, baseline=True).train_cfg.max_iters == 5


def test_baseline_needs_a_labeled_part(load, toy_config):
    dataset = toy_config.train_dataloader.dataset
    toy_config.train_dataloader.dataset = dataset.labeled
    toy_config.dump('toy.py')
    with pytest.raises(ValueError, match='labeled part of a PairedDataset'):
        load(baseline=True)


def test_feature_checkpoint_goes_to_the_hook_wherever_it_is(load, toy_config):
    toy_config.custom_hooks.insert(0, dict(type='EmptyCacheHook'))
    toy_config.dump('toy.py')
    hook = load(feature_checkpoint='a.pth').custom_hooks[1]
    assert hook.feature_checkpoint == 'a.pth'
    toy_config.custom_hooks.pop()
    toy_config.dump('toy.py')
    with pytest.raises(ValueError, match='needs a SubclassReclusterHook'):
        load(feature_checkpoint='a.pth')


def test_paths_of_lists_and_remote_folders(tmp_path):
    def look_for(**dataset):
        cfg = Config(dict(train_dataloader=dict(dataset=dataset)))
        check_paths(cfg, BOTH)

    (tmp_path / 'a').mkdir()
    root = str(tmp_path)
    look_for(data_root=root, data_prefix=dict(img_path=['a', '']))
    look_for(data_root=root, data_prefix=dict(img_path=('a', '')))
    look_for(data_root='s3://bucket', ann_file='list.txt')
    look_for(datasets=[dict(data_root=root, data_prefix=dict(img_path='a'))])
    with pytest.raises(ValueError, match='/b\n'):
        look_for(data_root=root, data_prefix=dict(img_path=['a', 'b']))
    with pytest.raises(ValueError, match='/b.txt\n'):
        look_for(data_root=root, ann_file=('a', 'b.txt'))
    with pytest.raises(ValueError, match='/list.txt\n'):
        look_for(datasets=[dict(data_root=root + '/a', ann_file='list.txt')])


@pytest.mark.parametrize(
    ('processes', 'batch_size', 'warning'),
    [(1, 8, ''), (2, 4, ''), (8, 1, ''), (3, 2, 'is 6'), (9, 1, 'is 9')],
)
def test_global_batch(said, processes, batch_size, warning):
    cfg = Config(
        dict(
            auto_scale_lr=dict(base_batch_size=8),
            train_dataloader=dict(batch_size=4),
        )
    )
    set_batch_size(cfg, processes)
    warn_about_batch_size(cfg, processes)
    assert cfg.train_dataloader.batch_size == batch_size
    expected = f'batch {warning} labeled images, the recipe was made for 8'
    assert (expected in said()) == bool(warning)
    changed = f'batch_size is {batch_size} instead of 4'
    assert (changed in said()) == (batch_size != 4)


def test_accumulated_batches_count_as_one(said):
    cfg = Config(
        dict(
            auto_scale_lr=dict(base_batch_size=8),
            train_dataloader=dict(batch_size=2),
            optim_wrapper=dict(accumulative_counts=4),
        )
    )
    warn_about_batch_size(cfg, 1)
    assert 'global batch' not in said()
    warn_about_batch_size(cfg, 2)
    assert 'global batch is 16' in said()


@pytest.mark.parametrize(
    ('processes', 'counts', 'batch_size'),
    [(1, 2, 4), (2, 2, 2), (1, 16, 1), (1, 0, 8), (1, 'two', 8)],
)
def test_accumulated_batches_divide_the_recipe(
    said, processes, counts, batch_size
):
    """A number of batches that is none is refused by the checks."""
    cfg = Config(
        dict(
            auto_scale_lr=dict(base_batch_size=8),
            train_dataloader=dict(batch_size=4),
            optim_wrapper=dict(accumulative_counts=counts),
        )
    )
    set_batch_size(cfg, processes)
    warn_about_batch_size(cfg, processes)
    assert cfg.train_dataloader.batch_size == batch_size
    assert ('global batch is' in said()) == (counts == 16)
    changed = f'{processes} process(es) and {counts} accumulated batches'
    assert (changed in said()) == (counts in (2, 16) and batch_size != 4)


def test_entries_that_are_none(load, toy_config):
    for name in ('auto_scale_lr', 'optim_wrapper', 'train_dataloader'):
        toy_config[name] = None
    toy_config.dump('toy.py')
    assert load(dataloaders=('test_dataloader',)).train_dataloader is None


def test_work_dir_that_is_none(load, toy_config):
    toy_config.work_dir = None
    toy_config.dump('toy.py')
    assert load().work_dir == 'work_dirs/toy'
    assert load(baseline=True).work_dir == 'work_dirs/toy_baseline'


def test_a_test_says_nothing_of_the_training_batch(load, said):
    load(dataloaders=('test_dataloader',))
    assert 'batch' not in said()
    load()
    assert 'batch_size is 8 instead of 2' in said()


def test_batch_without_recipe_is_left():
    cfg = Config(dict(train_dataloader=dict(batch_size=4)))
    set_batch_size(cfg, 2)
    assert cfg.train_dataloader.batch_size == 4


def test_launchers_that_need_gpus(load):
    if torch.cuda.is_available():
        pytest.skip('there is a GPU')
    with pytest.raises(ValueError, match="'slurm' needs GPUs"):
        load('--launcher', 'slurm')
