"""What a resumed run needs beside the weights to go on as it would have."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from ..process_state import restore_state
from ..run_facts import FACTS, check_facts, run_facts
from .subclass_recluster_hook import unwrap

VALIDATED = 'last_validation'
"""Entry of the message hub: iteration of the last validation that ended."""


@HOOKS.register_module()
class ResumeHook(Hook):
    """Keep the states of all ranks in the checkpoints, and restore them.

    A checkpoint of another run, with other labeled images, classes, settings
    of the method or another schedule, is refused. A validation that a kill
    has interrupted, after the checkpoint of its iteration, is made up for.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self.states: list[dict] | None = None
        self._facts: dict[str, str] = {}

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the facts of the run, and the states if it can be resumed."""
        self._facts = self._facts or run_facts(runner)
        checkpoint['meta'][FACTS] = self._facts
        if 'optimizer' in checkpoint:
            checkpoint['process_states'] = runner.process_states

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the facts before anything of the checkpoint is used."""
        if runner.is_resuming:
            self._facts = run_facts(runner)
            check_facts(checkpoint['meta'].get(FACTS, {}), self._facts)
            self.states = checkpoint.pop('process_states', None)

    def before_train_epoch(self, runner: Runner) -> None:
        """Validate if the run was interrupted before it could."""
        loop = runner.train_loop
        due = (
            runner.is_resuming
            and runner.val_loop is not None
            and hasattr(loop, 'dataloader_iterator')  # by iterations
            and runner.iter >= loop.val_begin
            and (
                runner.iter % loop.val_interval == 0
                or runner.iter == runner.max_iters
            )
        )
        if due and runner.message_hub.get_info(VALIDATED) != runner.iter:
            runner.val_loop.run()

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Note that it is done."""
        runner.message_hub.update_info(VALIDATED, runner.iter)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Restore the states as late as possible: before the first batch."""
        if self.states is not None:
            restore_state(unwrap(runner.model), self.states)
            self.states = None
