"""Batch norm statistics that are equal on all ranks."""

from mmengine.dist import all_reduce_params
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from .subclass_recluster_hook import unwrap


@HOOKS.register_module()
class AverageNormHook(Hook):
    """Average the running statistics of batch norm over the ranks.

    Synchronised batch norm, which needs GPUs, keeps them equal by itself.
    Without it the ranks would evaluate with different statistics, and the
    checkpoint, which is that of rank 0, would give another result than the
    evaluation in training, and another course when it is resumed.
    """

    # Before EMAHook and CheckpointHook.
    priority = 'ABOVE_NORMAL'

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Average after every iteration."""
        statistics = [
            buffer
            for module in unwrap(runner.model).modules()
            if isinstance(module, _BatchNorm)
            and not isinstance(module, nn.SyncBatchNorm)
            and module.track_running_stats
            for buffer in (module.running_mean, module.running_var)
        ]
        if statistics:
            all_reduce_params(statistics, op='mean')
