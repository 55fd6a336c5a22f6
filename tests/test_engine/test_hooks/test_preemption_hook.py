"""A checkpoint before a run is stopped from outside."""

from types import SimpleNamespace

import torch.distributed as dist

from mmseg_usrn.engine.hooks.preemption_hook import PreemptionHook
from mmseg_usrn.engine.preemption import stop_request


def validate_three_images() -> None:
    """Without rounding up, the first rank has two images, the other one."""
    hook = PreemptionHook()
    stop_request.is_training = True
    loader = SimpleNamespace(batch_size=1, dataset=range(3))
    runner = SimpleNamespace(val_dataloader=loader, hooks=[])
    for index in range(2 - dist.get_rank()):
        hook.after_val_iter(runner, index)
    dist.barrier()


def test_ranks_with_other_numbers_of_images(run_ranks):
    run_ranks(validate_three_images, timeout=60)
