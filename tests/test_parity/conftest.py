"""Golden numbers of the original code.

They are read from the folder that the environment variable ``USRN_GOLDENS``
names, by default ``../shared/goldens`` beside the checkout. Whatever varies
(seed, sizes, lists of subclasses) comes from the files.
"""

import json
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

DEFAULT = Path(__file__).resolve().parents[3] / 'shared/goldens'


def pytest_generate_tests(metafunc):
    """Run tests that take ``loss_case`` once a case of the loss goldens."""
    if 'loss_case' in metafunc.fixturenames:
        path = goldens_dir() / 'usrn_losses.npz'
        names = np.load(path)['cases'].tolist() if path.is_file() else [None]
        metafunc.parametrize('loss_case', names, indirect=True)


def goldens_dir():
    """Folder of the golden numbers, which may be absent."""
    return Path(os.environ.get('USRN_GOLDENS', DEFAULT))


def golden_file(name):
    """Path of a golden file; skips the test if there is none."""
    path = goldens_dir() / name
    if not path.is_file():
        pytest.skip(
            f'no golden numbers at {path}; set USRN_GOLDENS to their folder'
        )
    return path


@pytest.fixture
def loss_case(request):
    """One case as a dict of arrays: ``in/...``, ``f64/...``, ``f32/...``."""
    archive = np.load(golden_file('usrn_losses.npz'))
    prefix = f'{request.param}/'
    return {
        key.removeprefix(prefix): archive[key]
        for key in archive.files
        if key.startswith(prefix)
    }


@pytest.fixture(scope='session')
def network():
    """The network's golden arrays by name."""
    return dict(np.load(golden_file('usrn_network.npz')))


@pytest.fixture(scope='session')
def network_shapes():
    """Shapes of the original network's tensors by original name."""
    return json.loads(golden_file('usrn_network_keys.json').read_text())


@pytest.fixture(scope='session')
def rule_made_weights(network, network_shapes):
    """Weights of the original network, made by the rule of the goldens."""
    seed = int(network['seed'])
    return {
        key: _make(key, shape, seed) for key, shape in network_shapes.items()
    }


def _make(key, shape, seed):
    rng = np.random.default_rng([seed, zlib.crc32(key.encode())])
    if key.endswith('.num_batches_tracked'):
        return torch.zeros(shape, dtype=torch.int64)
    if len(shape) == 4:
        values = rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
        if key.startswith('classifier'):
            values = values * 6
    elif key.endswith('.running_var'):
        values = rng.uniform(0.5, 1.5, shape)
    elif key.endswith(('.running_mean', '.bias')):
        values = rng.standard_normal(shape) * 0.1
    else:
        values = rng.uniform(0.5, 0.9, shape)
    return torch.from_numpy(values.astype(np.float32))
