"""A checkpoint before a run is stopped from outside."""

from mmengine.dist import barrier, get_world_size
from mmengine.hooks import CheckpointHook, EMAHook, Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmseg.registry import HOOKS

from ..preemption import Preempted, stop_request
from ..work_dir import checkpoints, folders_of


@HOOKS.register_module()
class PreemptionHook(Hook):
    """Save a checkpoint and end on all ranks when one is asked to stop.

    The signals are those of :data:`~mmseg_usrn.engine.preemption.SIGNALS`.
    The run ends after the iteration in which the signal comes, or after the
    image of a validation, which the resumed run does again. Checkpoint hooks
    that count iterations save it; those that count epochs do not, since no
    run goes on within an epoch. The log says where ``--resume`` goes on.
    """

    priority = 'LOWEST'  # after the checkpoint of this iteration

    def before_train(self, runner: Runner) -> None:
        """From now on there is something to save."""
        stop_request.is_training = True

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Stop after this iteration if a rank is asked to."""
        if stop_request.on_any_rank():
            self._stop(runner, runner.iter + 1)

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: list | None = None,
    ) -> None:
        """Stop within a validation if a rank is asked to."""
        loader = runner.val_dataloader
        images = (loader.batch_size or 1) * get_world_size()
        # A rank may have one batch more than another; it does not ask there.
        in_common = batch_idx < len(loader.dataset) // images
        if (
            stop_request.is_training
            and in_common
            and stop_request.on_any_rank()
        ):
            for hook in runner.hooks:
                if isinstance(hook, EMAHook):  # which has swapped the weights
                    hook.after_val_epoch(runner)
            self._stop(runner, runner.iter)

    def after_train(self, runner: Runner) -> None:
        """Nothing is left to save."""
        stop_request.is_training = False

    def _stop(self, runner: Runner, done: int) -> None:
        saved = set()
        for hook in runner.hooks:
            if isinstance(hook, CheckpointHook) and not hook.by_epoch:
                name = hook.filename_tmpl.format(done)
                saved.add(name)
                if not (hook.last_ckpt or '').endswith(f'/{name}'):
                    meta = dict(epoch=runner.epoch, iter=done)
                    hook._save_checkpoint_with_step(runner, done, meta)
        runner.call_hook('after_run')  # closes what is written elsewhere
        barrier()  # the launcher ends all ranks when the first one ends
        runner.logger.warning(
            f'stopped by {stop_request.name or "a signal to another rank"} '
            f'after {done} iterations; {where_to_go_on(runner, saved)}'
        )
        raise Preempted


def where_to_go_on(runner: Runner, saved: set[str]) -> str:
    """What ``--resume`` will do after this end of a run.

    Args:
        runner: The runner that is being stopped.
        saved: Names of the checkpoints of its last iteration.

    Returns:
        The end of a sentence for the log.
    """
    by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
    found = checkpoints(*folders_of(runner.cfg))
    if not found:
        advice = (
            'one comes with the end of an epoch, as often as '
            'default_hooks.checkpoint.interval says'
            if by_epoch
            else 'default_hooks.checkpoint=dict(type="CheckpointHook", '
            'by_epoch=False, interval=1000) would have made some'
        )
        return f'no checkpoint is saved, --resume starts over: {advice}'
    name = found[0].name
    if name not in saved:
        return f'--resume goes on from {name}, what came later is lost'
    if by_epoch:
        epoch = runner.epoch + 1
        return f'--resume goes on from {name} and begins epoch {epoch} anew'
    return '--resume goes on from there'
