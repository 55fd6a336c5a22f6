"""Runner whose runs lose nothing and go on exactly where they were."""

from functools import partial
from pathlib import Path
from typing import Any

import torch
from mmengine.dataset import InfiniteSampler, worker_init_fn
from mmengine.dist import get_rank, get_world_size, is_main_process
from mmengine.optim import OptimWrapper
from mmengine.runner import BaseLoop, CheckpointLoader
from mmseg.registry import DATA_SAMPLERS
from torch import nn
from torch.utils.data import DataLoader

from mmseg_usrn.models.checkpoints import load_weights
from mmseg_usrn.models.semi import LogitAdjustment, MeanTeacher

from .config_checks.places import find
from .distributed import raise_on_all_ranks
from .errors import NotFiniteError
from .hooks.subclass_recluster_hook import unwrap
from .preemption import follow_parent
from .process_state import gather_states
from .runner import QuietRunner
from .work_dir import PART, folders_of, latest_checkpoint, replace

OWN_HOOKS = ('FiniteLossHook', 'ResumeHook', 'PreemptionHook')
"""Hooks of every run, beside those of the config."""


class SafeRunner(QuietRunner):
    """MMEngine's runner for machines that stop and files that break.

    * A checkpoint is never half; an older one goes when the newer is there
      (:class:`~.hooks.WholeCheckpointHook`).
    * A resumed run sees the samples and draws the numbers that it would have
      seen and drawn (:class:`~mmseg_usrn.datasets.SampleStream`,
      :class:`~.hooks.ResumeHook`).
    * It ends on all ranks with a checkpoint when its machine is taken away
      (:class:`~.hooks.PreemptionHook`), and when a loss is not finite
      (:class:`~.hooks.FiniteLossHook`).
    * Weights of the class branch that a checkpoint lacks are an error; what
      else is left out is a line in the log.
    """

    process_states: list[dict] | None = None
    _is_testing = False

    @property
    def is_resuming(self) -> bool:
        """Whether the run goes on from a checkpoint."""
        return bool(self._resume) and not self._is_testing

    def test(self) -> dict:
        """Test; the checkpoint must have the whole class branch."""
        self._is_testing = True
        self._resume = False
        return super().test()

    def dump_config(self) -> None:
        """Not yet: that of a run is written when its training begins.

        MMEngine would write over it in a test, and for a run that is refused.
        """

    def register_default_hooks(self, hooks: dict | None = None) -> None:
        """MMEngine's hooks, the checkpoint hook in its safe form."""
        hooks = {'checkpoint': dict(type='CheckpointHook'), **(hooks or {})}
        checkpoint = hooks['checkpoint']
        if checkpoint and checkpoint['type'] == 'CheckpointHook':
            hooks['checkpoint'] = dict(checkpoint, type='WholeCheckpointHook')
        super().register_default_hooks(hooks)
        for name in OWN_HOOKS:
            self.register_hook(dict(type=name))

    @staticmethod
    def build_dataloader(
        dataloader: DataLoader | dict,
        seed: int | None = None,
        diff_rank_seed: bool = False,
    ) -> DataLoader:
        """Build a loader whose samples follow from seed and position.

        Args:
            dataloader: Its config; with MMEngine's ``InfiniteSampler`` it
                becomes a :class:`~mmseg_usrn.datasets.SampleStream`.
            seed: Seed of this rank.
            diff_rank_seed: Whether the ranks have different seeds.
        """
        if isinstance(dataloader, dict):
            rank = get_rank() if diff_rank_seed else 0
            dataloader = _as_stream(dataloader, (seed or 0) - rank)
        loader = QuietRunner.build_dataloader(dataloader, seed, diff_rank_seed)
        # PyTorch would draw from the state of this process.
        loader.generator = torch.Generator().manual_seed(seed or 0)
        loader.worker_init_fn = partial(
            _start_worker,
            loader.worker_init_fn,
            loader.sampler,
            loader.num_workers * get_world_size(),
        )
        return loader

    def scale_lr(
        self, optim_wrapper: OptimWrapper, auto_scale_lr: dict | None = None
    ) -> None:
        """Scale the learning rate by the images of a step.

        MMEngine does so by the images of a batch, of which a step may
        accumulate several.

        Args:
            optim_wrapper: With the learning rate of the recipe.
            auto_scale_lr: The entry of the config.
        """
        settings = dict(auto_scale_lr or {})
        if settings.get('base_batch_size'):
            batches = getattr(optim_wrapper, '_accumulative_counts', 1)
            settings['base_batch_size'] /= batches
        super().scale_lr(optim_wrapper, settings)

    def load_or_resume(self) -> None:
        """Load weights, or go on from the newest whole checkpoint.

        A training that begins has a new teacher and counts the classes anew,
        whatever its weights. Its config is written here, when nothing can be
        refused any more.
        """
        if self.is_resuming and not self._load_from:
            path = latest_checkpoint(*folders_of(self.cfg))
            if path is not None:
                self.resume(str(path))
            self._has_loaded = True
        super().load_or_resume()
        is_training = isinstance(self._train_loop, BaseLoop)
        if not is_training:
            return
        if self.iter == 0:
            _begin_anew(unwrap(self.model))
        if self.iter < self.max_iters:
            super().dump_config()
        else:
            self._say_finished()

    def _say_finished(self) -> None:
        self.logger.warning(
            f'the run is finished ({self.iter} of {self.max_iters} '
            'iterations), there is nothing left to train: to train longer, '
            'begin another run in another --work-dir with its checkpoint as '
            'load_from'
        )

    def save_checkpoint(
        self, out_dir: str, filename: str, *args: Any, **kwargs: Any
    ) -> None:
        """Write a checkpoint beside its place, then rename it.

        Args:
            out_dir: Its folder.
            filename: Its name.
            *args: As for MMEngine's runner.
            **kwargs: The same.
        """
        if kwargs.get('save_optimizer', True):
            self.process_states = gather_states(unwrap(self.model))
        remote = '://' in str(out_dir)
        error = None
        try:  # on the first rank alone
            super().save_checkpoint(
                out_dir, filename + PART * (not remote), *args, **kwargs
            )
        except NotFiniteError as found:
            error = found
        raise_on_all_ranks(error)
        if is_main_process() and not remote:
            path = Path(out_dir, filename)
            replace(f'{path}{PART}', path)

    def load_checkpoint(
        self,
        filename: str,
        map_location: Any = 'cpu',
        strict: bool = False,
        revise_keys: Any = None,
    ) -> dict:
        """Load weights; to test or to resume with, they must be whole.

        Args:
            filename: Of the checkpoint.
            map_location: As for ``torch.load``.
            strict: Whether all weights must be there.
            revise_keys: Not used; ``module.`` is stripped.

        Returns:
            The checkpoint.

        Raises:
            ValueError: If weights are missing or of another size.
        """
        checkpoint = CheckpointLoader.load_checkpoint(
            filename, map_location, logger='silent'
        )
        if self.is_resuming and 'message_hub' not in checkpoint:
            raise ValueError(
                f'{filename} holds weights alone, no state of a run: start '
                'a run from them by load_from, without --resume'
            )
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        match = load_weights(self.model, checkpoint)
        if self.is_resuming or strict:
            match.check_all(filename)
        elif self._is_testing:
            match.check_class_branch(filename)
        elif match.is_none:
            raise ValueError(
                f'{filename} holds no weight that the model has: correct '
                'load_from, or leave it out'
            )
        for line in match.lines():
            self.logger.warning(f'{filename}: {line}')
        self._has_loaded = True
        self.logger.info(f'weights of {filename}')
        return checkpoint

    def resume(self, filename: str, *args: Any, **kwargs: Any) -> None:
        """Go on from a checkpoint, with its seed.

        Args:
            filename: Of the checkpoint.
            *args: As for MMEngine's runner.
            **kwargs: The same.

        Raises:
            ValueError: If the optimiser has other parameter groups there.
        """
        try:
            super().resume(filename, *args, **kwargs)
        except ValueError as error:
            if 'parameter group' not in str(error):
                raise
            raise ValueError(
                f'the optimiser of {filename} has other parameter groups '
                'than that of this config: resume with the optim_wrapper '
                '(constructor, paramwise_cfg) that the run began with, which '
                'is --cfg-options optim_wrapper.constructor='
                'DefaultOptimWrapperConstructor if it named none, or '
                f'start another with --work-dir and load_from={filename}'
            ) from error
        dataset = self.train_dataloader.dataset
        if hasattr(dataset, 'seed'):
            apart = self.cfg.get('randomness', {}).get('diff_rank_seed')
            rank = get_rank() if apart else 0
            dataset.seed = self.seed - rank


def _as_stream(dataloader: dict, seed: int) -> dict:
    """The config with a stream instead of MMEngine's infinite sampler.

    Batches leave the workers in one message, unless the config has a
    ``collate_fn`` of its own.
    """
    sampler = dataloader.get('sampler')
    if not isinstance(sampler, dict):
        return dataloader
    if find(DATA_SAMPLERS, sampler.get('type')) is not InfiniteSampler:
        return dataloader
    return {
        'collate_fn': dict(type='one_message_collate'),
        **dataloader,
        'sampler': dict(type='PositionSampler'),
        'dataset': dict(
            type='SampleStream',
            dataset=dataloader['dataset'],
            seed=seed,
            shuffle=sampler.get('shuffle', True),
        ),
    }


def _begin_anew(model: nn.Module) -> None:
    """Forget what the model has gathered in another run, if it has."""
    for name in ('teacher', 'logit_adjustment'):
        part = getattr(model, name, None)
        if isinstance(part, MeanTeacher | LogitAdjustment):
            part.reset()


def _start_worker(
    then: Any, sampler: Any, num_seeds: int, worker: int
) -> None:
    """Seed a worker as MMEngine does, but otherwise in each epoch."""
    follow_parent(worker)
    if getattr(then, 'func', None) is worker_init_fn:
        epoch = getattr(sampler, 'epoch', 0)
        then(worker, seed=then.keywords['seed'] + epoch * num_seeds)
    elif then is not None:
        then(worker)
