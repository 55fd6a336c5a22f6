"""A run in bfloat16 on a CPU."""

import torch
from mmengine.runner import Runner

import mmseg_usrn  # noqa: F401  (registers the package)


def test_run_with_a_clustering(toy_config):
    toy_config.optim_wrapper.type = 'BFloat16OptimWrapper'
    toy_config.train_cfg.max_iters = 3
    runner = Runner.from_cfg(toy_config)
    seen = set()
    runner.model.decode_head.class_head.conv_seg.register_forward_hook(
        lambda module, args, output: seen.add((module.training, output.dtype))
    )
    before = {n: p.clone() for n, p in runner.model.named_parameters()}
    model = runner.train()
    assert model.subclass_table.is_ready
    assert (True, torch.bfloat16) in seen
    trained = [n for n, p in model.named_parameters() if p.requires_grad]
    for parameter in model.parameters():
        assert parameter.dtype == torch.float32
        assert parameter.isfinite().all()
    assert any(
        not torch.equal(before[n], model.get_parameter(n)) for n in trained
    )
