"""When subclasses are clustered during training."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from mmengine.hooks import EMAHook, Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import CheckpointLoader, Runner
from mmseg.registry import HOOKS, MODELS
from torch.utils.data import Subset

from mmseg_usrn.datasets import PairedDataset, SampleStream
from mmseg_usrn.models import USRN
from mmseg_usrn.models.checkpoints import load_weights

from ..feature_extraction import extract_labeled_features
from ..reclustering import check_numbers, recluster
from .optimizer_state import reset_optimizer_state


@HOOKS.register_module()
class SubclassReclusterHook(Hook):
    """Cluster the labeled pixels into subclasses, and again at an interval.

    * One run: after ``warmup_iters`` iterations of supervised training the
      features of the model itself are clustered, its subclass branch starts
      as a copy of the class branch, and the semi-supervised training begins.
      Every ``interval`` iterations the subclasses follow the features.
    * The paper's three stages: the features of a supervised baseline,
      ``feature_checkpoint``, are clustered once, before training.

    A resumed run finds its subclasses in the checkpoint; a new run that only
    starts from the weights of another one (``load_from``) clusters afresh.

    Args:
        warmup_iters: Iterations before the first clustering.
        interval: Iterations between clusterings; None clusters once.
        feature_checkpoint: Checkpoint of a stock or USRN model whose
            features are clustered instead of the current model's. They never
            change: warm-up and interval do not apply then.
        subclasses_per_class: ``K`` numbers of subclasses. Defaults to
            sharing the model's ``num_subclasses`` out in proportion to the
            labeled pixels.
        num_workers: Processes that load the labeled images.
        seed: Seed of the clustering.

    Raises:
        ValueError: If a setting is out of range.
    """

    def __init__(
        self,
        warmup_iters: int = 0,
        interval: int | None = None,
        feature_checkpoint: str | None = None,
        subclasses_per_class: list[int] | None = None,
        num_workers: int = 2,
        seed: int = 0,
    ) -> None:
        if warmup_iters < 0 or (interval is not None and interval < 1):
            raise ValueError(
                'SubclassReclusterHook: warmup_iters must be >= 0 and '
                f'interval >= 1 or None, got {warmup_iters} and {interval}'
            )
        if feature_checkpoint is not None:
            warmup_iters, interval = 0, None
        self.warmup_iters = warmup_iters
        self.interval = interval
        self.feature_checkpoint = feature_checkpoint
        self.subclasses_per_class = subclasses_per_class
        self.num_workers = num_workers
        self.seed = seed

    def before_train(self, runner: Runner) -> None:
        """Check that model, dataset and subclasses fit together."""
        model, dataset = unwrap(runner.model), train_dataset(runner)
        if not isinstance(model, USRN) or not isinstance(
            dataset, PairedDataset
        ):
            raise ValueError(
                'SubclassReclusterHook needs a USRN model and a '
                f'PairedDataset, got {type(model).__name__} and '
                f'{type(dataset).__name__}'
            )
        if self.subclasses_per_class:
            check_numbers(model.subclass_table, self.subclasses_per_class)
        self._check_table(runner, model, dataset)
        if not model.subclass_table.is_ready:
            if self.warmup_iters >= runner.max_iters:
                raise ValueError(
                    f'SubclassReclusterHook: warmup_iters={self.warmup_iters} '
                    f'of max_iters={runner.max_iters}: nothing would ever be '
                    'clustered, and the unlabeled images never used; lower '
                    'warmup_iters or train longer'
                )
            _check_exists(self.feature_checkpoint)
            self._try_features(model, dataset)
        sync_ema_table(runner, model)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Recluster if it is time."""
        model = unwrap(runner.model)
        if not self.is_due(runner.iter, model.subclass_table.is_ready):
            return
        if not model.subclass_table.is_ready and runner.iter > 0:
            model.start_subclass_branch()
            reset_optimizer_state(
                runner.optim_wrapper, model.subclass_parameters()
            )
        dataset = train_dataset(runner)
        source = self.feature_checkpoint
        runner.logger.info(
            f'clustering {len(dataset.labeled)} labeled images at iteration '
            f'{runner.iter}' + (f', features of {source}' if source else '')
        )
        labeled = extract_labeled_features(
            self.feature_model(runner, model),
            dataset.without_augmentation(),
            dataset.cell_stride,
            self.num_workers,
        )
        summary = recluster(
            model.subclass_table,
            labeled,
            self.subclasses_per_class,
            dataset.metainfo.get('classes'),
            self.seed,
        )
        runner.logger.info(summary)
        sync_ema_table(runner, model)

    def is_due(self, iteration: int, is_ready: bool) -> bool:
        """Whether to cluster before this iteration.

        Args:
            iteration: Number of finished iterations.
            is_ready: Whether there are subclasses already.
        """
        if not is_ready:
            return iteration >= self.warmup_iters
        since = iteration - self.warmup_iters
        return bool(self.interval and since > 0 and since % self.interval == 0)

    def _check_table(
        self, runner: Runner, model: USRN, dataset: PairedDataset
    ) -> None:
        table = model.subclass_table
        if runner.iter == 0:
            if (table.subclass_to_class >= 0).any():  # of load_from
                model.decode_head.forget_subclasses()
            table.clear()
        elif table.is_ready and table.num_images != len(dataset.labeled):
            raise ValueError(
                f'the checkpoint has the subclasses of {table.num_images} '
                f'labeled images, but there are {len(dataset.labeled)} now; '
                'restore the list of labeled images, or start a new run from '
                'these weights: load_from=CHECKPOINT instead of resuming'
            )

    @staticmethod
    def _try_features(model: USRN, dataset: PairedDataset) -> None:
        """Find out before a long warm-up whether images can be clustered."""
        labeled = dataset.without_augmentation()
        try:
            with torch.random.fork_rng(devices=[]):
                extract_labeled_features(
                    model, Subset(labeled, [0]), dataset.cell_stride, 0
                )
        except (AssertionError, RuntimeError) as error:
            raise ValueError(
                'the model cannot compute features of '
                f'{labeled.get_data_info(0)["img_path"]}: {error}\n'
                'For the clustering it sees whole images, as '
                'train_dataloader.dataset.feature_pipeline loads them, not '
                'the windows of test_cfg.mode="slide". A model that needs '
                'sides divisible by 16 or 32: '
                'model.data_preprocessor.test_cfg=dict(size_divisor=32). One '
                'that needs images of the crop size: dict(type="Resize", '
                'scale=(512, 512)) before LoadAnnotations in that pipeline'
            ) from error

    def feature_model(self, runner: Runner, model: USRN) -> USRN:
        """The model whose features are clustered.

        Args:
            runner: The runner, for the settings of the model.
            model: The model that is trained.

        Returns:
            That model, or one with the weights of ``feature_checkpoint``.

        Raises:
            ValueError: If these do not fit.
        """
        if self.feature_checkpoint is None:
            return model
        settings = {**deepcopy(runner.cfg.model), 'teacher_momentum': None}
        feature_model = MODELS.build(settings)
        checkpoint = CheckpointLoader.load_checkpoint(
            self.feature_checkpoint, map_location='cpu', logger=None
        )
        match = load_weights(feature_model, checkpoint)
        match.check_class_branch(
            f'feature_checkpoint={self.feature_checkpoint}'
        )
        return feature_model.to(next(model.parameters()).device)


def _check_exists(checkpoint: str | None) -> None:
    if checkpoint is None or '://' in checkpoint:
        return
    if not Path(checkpoint).expanduser().exists():
        raise ValueError(
            f'there is no feature_checkpoint {checkpoint}: train the '
            'supervised baseline first (tools/three_stages.sh does so), or '
            'correct the path'
        )


def train_dataset(runner: Runner) -> Any:
    """The dataset that is trained on, without its stream."""
    dataset = runner.train_dataloader.dataset
    return dataset.dataset if isinstance(dataset, SampleStream) else dataset


def unwrap(model) -> USRN:
    """The model inside its data-parallel wrapper, or the model itself."""
    return model.module if is_model_wrapper(model) else model


def sync_ema_table(runner: Runner, model: USRN) -> None:
    """Give the averaged copy of an EMA hook the table of the model.

    The table's buffers change their sizes, which the average cannot follow.
    """
    for hook in runner.hooks:
        if isinstance(hook, EMAHook):
            averaged = unwrap(hook.ema_model.module)
            averaged.subclass_table.load_state_dict(
                model.subclass_table.state_dict()
            )
            if hook.ema_model.update_buffers:
                hook.ema_model.avg_parameters = (
                    hook.ema_model.module.state_dict()
                )
