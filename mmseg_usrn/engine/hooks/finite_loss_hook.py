"""The end of a run whose numbers are no numbers any more."""

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample

from ..distributed import raise_on_all_ranks
from ..errors import NotFiniteError
from .subclass_recluster_hook import unwrap


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop at the first loss that is not finite, before anything is saved.

    In mixed precision such a step is skipped and counted, in the log as
    ``skipped_steps``: the scale of the loss is halved and the next one
    mostly succeeds.

    Args:
        max_skipped: Steps in mixed precision that may be skipped in a row.
    """

    priority = 'VERY_HIGH'

    def __init__(self, max_skipped: int = 20) -> None:
        self.max_skipped = max_skipped
        self.skipped = 0
        self.in_a_row = 0
        self._scale = 0.0

    def before_train(self, runner: Runner) -> None:
        """See from which scale of the loss it starts."""
        if isinstance(runner.optim_wrapper, AmpOptimWrapper):
            self._scale = runner.optim_wrapper.loss_scaler.get_scale()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Look at the losses of this iteration."""
        bad = {
            name: float(torch.as_tensor(value).detach())
            for name, value in (outputs or {}).items()
            if not torch.as_tensor(value).isfinite().all()
        }
        if self._was_skipped(runner):
            runner.message_hub.update_scalar(
                'train/skipped_steps', self.skipped
            )
            if self.in_a_row <= self.max_skipped:
                return
        raise_on_all_ranks(
            NotFiniteError(describe(runner.iter + 1, bad, data_batch))
            if bad
            else None
        )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep weights that are not finite from being saved."""
        model = unwrap(runner.model)
        trained = {name for name, _ in model.named_parameters()}
        bad = [
            name
            for name, value in checkpoint['state_dict'].items()
            if (name in trained or '.running_' in name)
            and not torch.isfinite(value).all()
        ]
        if bad:
            raise NotFiniteError(
                f'after {runner.iter + 1} iterations {len(bad)} weights are '
                f'not finite, first {bad[0]}; they are not saved, the earlier '
                'checkpoints are as they were; a lower learning rate or '
                'optim_wrapper.clip_grad=dict(max_norm=1) may help'
            )

    def _was_skipped(self, runner: Runner) -> bool:
        """Whether the optimiser has left this step out."""
        wrapper = runner.optim_wrapper
        if not isinstance(wrapper, AmpOptimWrapper):
            return False
        before, self._scale = self._scale, wrapper.loss_scaler.get_scale()
        skipped = self._scale < before
        self.skipped += skipped
        self.in_a_row = self.in_a_row + 1 if skipped else 0
        return skipped


def describe(
    iteration: int, losses: dict[str, float], data_batch: dict | None
) -> str:
    """What is not finite, when, and on which images.

    Args:
        iteration: Counted from 1, as in the log.
        losses: The values by name.
        data_batch: The batch, stock or with branches.
    """
    parts = {k: v for k, v in losses.items() if k != 'loss'} or losses
    values = ', '.join(f'{name} is {value}' for name, value in parts.items())
    lines = [f'iteration {iteration}, rank {get_rank()}: {values}']
    samples = (data_batch or {}).get('data_samples', {})
    branches = samples if isinstance(samples, dict) else {'sup': samples}
    for branch, content in branches.items():
        paths = dict.fromkeys(_image_paths(content))
        lines.append(f'  {branch}: {", ".join(paths)}')
    lines.append(
        'nothing of it is saved; look at these images and their masks '
        '(tools/show_samples.py), or lower the learning rate'
    )
    return '\n'.join(lines)


def _image_paths(samples) -> list[str]:
    if isinstance(samples, SegDataSample):
        return [samples.metainfo.get('img_path', 'an image without a path')]
    return [path for sample in samples for path in _image_paths(sample)]
