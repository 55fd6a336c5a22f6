"""Which wrapper trains in mixed precision."""

import runpy

import pytest
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.registry import init_default_scope
from mmseg.registry import OPTIM_WRAPPERS

IN_BFLOAT16 = dict(type='BFloat16OptimWrapper')
IN_FLOAT16 = dict(type='AmpOptimWrapper', loss_scale='dynamic')


class OwnWrapper(OptimWrapper):
    """A wrapper of a user."""


@pytest.fixture
def set_precision(project_root, monkeypatch):
    monkeypatch.syspath_prepend(project_root / 'tools')
    monkeypatch.setitem(OPTIM_WRAPPERS.module_dict, 'OwnWrapper', OwnWrapper)
    init_default_scope('mmseg')
    path = project_root / 'tools' / 'train.py'
    return runpy.run_path(str(path))['set_precision']


@pytest.mark.parametrize(
    ('device', 'wrapper', 'expected'),
    [
        ('cpu', dict(type='OptimWrapper'), IN_BFLOAT16),
        ('cpu', dict(), IN_BFLOAT16),
        ('cpu', IN_BFLOAT16, IN_BFLOAT16),
        ('cpu', IN_FLOAT16, IN_BFLOAT16),
        (
            'cpu',
            dict(type=AmpOptimWrapper, dtype='float16', use_fsdp=False),
            IN_BFLOAT16,
        ),
        ('cuda', dict(type='OptimWrapper'), IN_FLOAT16),
        ('cuda', dict(type='mmengine.OptimWrapper'), IN_FLOAT16),
        ('cuda', IN_BFLOAT16, IN_BFLOAT16),
        (
            'cuda',
            dict(type='AmpOptimWrapper', loss_scale=512.0),
            dict(type='AmpOptimWrapper', loss_scale=512.0),
        ),
    ],
)
def test_mixed_precision(set_precision, device, wrapper, expected):
    wrapper = dict(wrapper, accumulative_counts=2)
    set_precision(wrapper, True, device)
    assert wrapper == dict(expected, accumulative_counts=2)


@pytest.mark.parametrize('name', ['OwnWrapper', OwnWrapper])
def test_a_wrapper_of_a_users_own_is_not_replaced(set_precision, name):
    with pytest.raises(ValueError, match="would replace .*='OwnWrapper'"):
        set_precision(dict(type=name), True, 'cpu')
    wrapper = dict(type=name)
    set_precision(wrapper, False, 'cpu')
    assert wrapper == dict(type=name)


def test_a_wrapper_that_needs_a_gpu(set_precision):
    with pytest.raises(ValueError, match='needs a GPU.* start with --amp'):
        set_precision(dict(IN_FLOAT16), False, 'cpu')
    wrapper = dict(IN_FLOAT16)
    set_precision(wrapper, False, 'cuda')
    assert wrapper == IN_FLOAT16
