"""Settings on the command line that change nothing."""

import pytest

from mmseg_usrn.engine.config_checks import check_options

LABELED = 'train_dataloader.dataset.labeled'


@pytest.mark.parametrize(
    'option, words',
    [
        ('modle.threshold', 'no entry of a config has this name: do you '),
        ('model.treshold', 'USRN has no treshold: do you mean threshold?'),
        ('model.backbone.dept', 'ResNet has no dept: do you mean depth?'),
        ('custom_hooks.0.intervals', 'do you mean interval?'),
        ('custom_hooks.1.interval', 'custom_hooks is a list of 1: name an '),
        ('custom_hooks.first.interval', 'name an entry of it, 0 to 0'),
        ('train_cfg.max_iter', 'do you mean max_iters?'),
        ('train_dataloader.batch', 'do you mean batch_size?'),
        ('train_dataloader.batch_size.x', 'batch_size=2 has no settings of'),
        (f'{LABELED}.metanfo.classes', 'do you mean metainfo?'),
        (f'{LABELED}.pipeline.9.scale', 'is a list of 7: name an entry'),
        ('default_hooks.checkpoint.save_bst', 'do you mean save_best?'),
        ('randomness.sed', 'do you mean seed?'),
        ('crop_size', 'is a variable of the config file'),
    ],
)
def test_options_of_no_use(toy_config, option, words):
    toy_config.crop_size = (40, 40)
    with pytest.raises(ValueError) as error:
        check_options(toy_config, {option: 1})
    text = str(error.value)
    assert text.startswith(option) and words in text


def test_an_entry_of_an_empty_list(toy_config):
    toy_config.custom_hooks = []
    with pytest.raises(ValueError, match='a list of 0: leave the option out'):
        check_options(toy_config, {'custom_hooks.0.interval': 1})


@pytest.mark.parametrize(
    'option',
    [
        'model.threshold',
        'model.teacher_momentum',
        'model.backbone.frozen_stages',
        'load_from',
        'work_dir',
        'param_scheduler',
        'find_unused_parameters',
        'optim_wrapper.clip_grad.max_norm',
        'optim_wrapper.paramwise_cfg.custom_keys.backbone.lr_mult',
        'env_cfg.dist_cfg.timeout',
        'default_hooks.logger.interval',
        f'{LABELED}.indices',
        f'{LABELED}.pipeline.3.keep_ratio',
        'train_dataloader.prefetch_factor',
    ],
)
def test_options_that_are_read(toy_config, option):
    check_options(toy_config, {option: 1})


def test_many_mistakes_are_ten_lines(toy_config):
    options = {f'model.wrong{n}': 1 for n in range(30)}
    with pytest.raises(ValueError) as error:
        check_options(toy_config, options)
    lines = str(error.value).splitlines()
    assert len(lines) == 10
    assert lines[0] == '30 settings are wrong:'
    assert lines[-1] == '  ... and 22 more'
