"""A run with MMEngine's ``compile``, before and after the clustering."""

import pytest
import torch
from mmengine.runner import Runner

import mmseg_usrn  # noqa: F401  (registers the package)


def train(config, **settings):
    config = config.copy()
    config.update(settings)
    runner = Runner.from_cfg(config)
    return runner.train()


@pytest.mark.slow
def test_compiled_run_is_the_eager_one(toy_config):
    """`backend='eager'` traces and guards, and leaves the kernels as is."""
    toy_config.train_cfg.max_iters = 4
    eager = train(toy_config)
    compiled = train(toy_config, compile=dict(backend='eager'))
    for name, value in eager.state_dict().items():
        torch.testing.assert_close(compiled.state_dict()[name], value)
