"""Entries that are not of the kind that they must be."""

import pytest

from mmseg_usrn.engine.config_checks import check_dicts


@pytest.mark.parametrize(
    'name, value',
    [
        ('model', 'USRN'),
        ('train_dataloader', []),
        ('custom_hooks', 'SubclassReclusterHook'),
        ('val_evaluator', ['mIoU']),
        ('param_scheduler', 3),
    ],
)
def test_no_dicts(toy_config, name, value):
    toy_config[name] = value
    with pytest.raises(ValueError, match=f'^{name}=.* is no dict'):
        check_dicts(toy_config)


def test_loaders_and_models_without_what_they_are_made_of(toy_config):
    toy_config.train_dataloader.pop('dataset')
    toy_config.model.pop('type')
    with pytest.raises(ValueError) as error:
        check_dicts(toy_config)
    text = str(error.value)
    assert 'train_dataloader has no dataset' in text
    assert 'model has no type' in text


def test_a_whole_config(toy_config):
    toy_config.param_scheduler = None
    check_dicts(toy_config)
