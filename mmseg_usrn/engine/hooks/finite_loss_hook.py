"""The end of a run whose numbers are no numbers any more."""

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample
from torch.optim import Optimizer

from ..distributed import raise_on_all_ranks
from ..errors import NotFiniteError
from .subclass_recluster_hook import unwrap


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop at the first loss that is not finite, before anything is saved.

    Under ``AmpOptimWrapper`` such a step is skipped, as one whose gradients
    overflow, and counted, in the log as ``skipped_steps``: a dynamic scale of
    the loss is halved, and the next step mostly succeeds. Where gradients are
    accumulated, a step is all the iterations up to its update.

    Args:
        max_skipped: Steps under ``AmpOptimWrapper`` that may be skipped in a
            row; the next one ends the run.
    """

    priority = 'VERY_HIGH'

    def __init__(self, max_skipped: int = 20) -> None:
        self.max_skipped = max_skipped
        self.skipped = 0
        self.in_a_row = 0
        self._has_stepped = False
        self._error: NotFiniteError | None = None  # since the last update

    def before_train(self, runner: Runner) -> None:
        """Look at the steps of the optimiser from now on."""
        if isinstance(runner.optim_wrapper, AmpOptimWrapper):
            optimizer = runner.optim_wrapper.optimizer
            optimizer.register_step_pre_hook(self._before_step)

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
        error = None
        if bad:
            error = NotFiniteError(describe(runner.iter + 1, bad, data_batch))
        if isinstance(runner.optim_wrapper, AmpOptimWrapper):
            error = self._end_of_step(runner, error)
        raise_on_all_ranks(error)

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

    def _before_step(self, optimizer: Optimizer, args, kwargs) -> None:
        """Note that the optimiser takes a step.

        PyTorch does not call it in a step that is skipped, or tells it so if
        it is a fused one.
        """
        found_inf = getattr(optimizer, 'found_inf', None)
        self._has_stepped = found_inf is None or not found_inf

    def _end_of_step(
        self, runner: Runner, error: NotFiniteError | None
    ) -> NotFiniteError | None:
        """Count a skipped step; the error that ends the run, if any."""
        error = self._error = error or self._error
        if not runner.optim_wrapper.should_update():
            return None
        has_stepped, self._has_stepped = self._has_stepped, False
        self._error = None
        if has_stepped:
            self.in_a_row = 0
            return error
        self.skipped += 1
        self.in_a_row += 1
        runner.message_hub.update_scalar('train/skipped_steps', self.skipped)
        if self.in_a_row <= self.max_skipped:
            return None
        return error or NotFiniteError(
            f'iteration {runner.iter + 1}: the losses are finite, but their '
            f'gradients were not in {self.in_a_row} steps in a row; nothing '
            'was learned from these: lower the learning rate or '
            'optim_wrapper.loss_scale, or train without mixed precision'
        )


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
