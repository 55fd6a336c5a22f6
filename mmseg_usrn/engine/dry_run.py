"""One batch through every part of a training, before it starts."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from mmengine.dataset import pseudo_collate
from mmengine.dist import all_reduce, is_main_process
from mmengine.evaluator import Evaluator
from mmengine.optim import build_optim_wrapper
from mmengine.registry import FUNCTIONS
from mmengine.runner import Runner
from mmseg.registry import DATASETS
from torch.utils.data import Subset

from mmseg_usrn.clustering import resolve_subclasses
from mmseg_usrn.datasets import PairedDataset
from mmseg_usrn.datasets.item_checks import check_repeats, check_views
from mmseg_usrn.models import USRN
from mmseg_usrn.models.segmentors.semi_supervised import (
    SemiSupervisedSegmentor,
)
from mmseg_usrn.models.semi import backward_within

from .config_checks.mistakes import nearest
from .config_checks.places import find
from .errors import LESS_MEMORY, is_out_of_memory
from .feature_extraction import extract_labeled_features
from .hooks.subclass_recluster_hook import SubclassReclusterHook, unwrap
from .process_state import quiet, unchanged_randomness
from .reclustering import recluster
from .runner import reason

REPORT = 'dry_run.txt'
"""File beside the log with the whole report of what fails."""

CLUSTERED = 8  # labeled images
MODEL = 'look at model: channels of backbone and heads, crop sizes'


def try_one_batch(runner: Runner) -> None:
    """Find out now what would fail after the warm-up, or at the validation.

    A batch goes through the losses of labeled and unlabeled images, a few
    images are clustered, and one is validated. All of it happens on a copy of
    the model; the states of the random numbers are put back.

    Args:
        runner: The runner before its training starts.

    Raises:
        ValueError: If a part fails, with its name and what to look at.
        Exception: A fault of this package, as it is.
    """
    with quiet(), unchanged_randomness():
        trial = Trial(runner)
        for where, advice, step in trial.steps():
            try:
                step()
            except Exception as error:
                if is_fault(error):
                    raise
                _write_report(runner)
                if advice == MODEL and is_out_of_memory(error):
                    advice = LESS_MEMORY
                raise ValueError(
                    f'{where} would fail: {reason(error)}\n{advice}; the '
                    f'whole report is in {Path(runner.log_dir, REPORT)}'
                ) from error


def is_fault(error: Exception) -> bool:
    """Whether an error is a fault of this package's code.

    Settings are checked before; what is left of them are entries that a
    pipeline has not made (``KeyError``, ``AttributeError``) and shapes.
    """
    if not isinstance(error, TypeError | NameError | AssertionError):
        return False
    place = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
    root = Path(__file__).parents[1]
    rooms = [root / name for name in ('models', 'clustering', 'engine')]
    return any(place.is_relative_to(room) for room in rooms)


class Trial:
    """The parts of a training, on a copy of its model.

    Args:
        runner: The runner before its training starts.
    """

    def __init__(self, runner: Runner) -> None:
        self.cfg = deepcopy(runner.cfg)
        self.model = deepcopy(unwrap(runner.model))
        self.runner = runner
        self.optim_wrapper: Any = None
        self.dataset: Any = None
        self.batch: Any = None

    def steps(self) -> Iterator[tuple[str, str, Callable[[], None]]]:
        """Name, advice and function of each part, in their order."""
        data = 'look at train_dataloader.dataset'
        yield 'the optimiser', 'look at optim_wrapper', self.build_optimiser
        yield 'loading a batch', data, self.load
        yield 'learning from labeled images', MODEL, self.learn_labeled
        if isinstance(self.model, USRN):
            yield 'clustering', f'{data}.feature_pipeline', self.cluster
            yield 'learning from subclasses', MODEL, self.learn_labeled
        if not self._is_warming_up():
            yield 'learning from unlabeled images', MODEL, self.learn_unlabeled
        if self.cfg.get('val_dataloader'):
            advice = 'look at val_dataloader, val_evaluator, model.test_cfg'
            yield 'the validation', advice, self.validate

    def _is_warming_up(self) -> bool:
        """Whether there is nothing as yet to learn from unlabeled images."""
        if isinstance(self.model, USRN):
            return self.model.is_warming_up
        return not isinstance(self.model, SemiSupervisedSegmentor)

    def build_optimiser(self) -> None:
        """Build it, and refuse settings of weights with misspelt names."""
        paramwise = self.cfg.optim_wrapper.get('paramwise_cfg') or {}
        names = [name for name, _ in self.model.named_parameters()]
        parts = {part for name in names for part in name.split('.')}
        for key in paramwise.get('custom_keys') or {}:
            if any(key in name for name in names):
                continue
            for part in key.split('.'):
                known = any(part in name for name in names)
                likely = '' if known else nearest(part, parts, 0.8)
                if likely:
                    raise ValueError(
                        f'custom_keys names {key!r}, which is in the name of '
                        'no weight: do you mean '
                        f'{key.replace(part, likely)}?'
                    )
        wrapper = self.cfg.optim_wrapper
        self.optim_wrapper = build_optim_wrapper(self.model, wrapper)

    def load(self) -> None:
        """Load the first images, as many as a batch has."""
        loader = self.cfg.train_dataloader
        self.dataset = DATASETS.build(loader.dataset)
        if hasattr(self.dataset, 'full_init'):
            self.dataset.full_init()
        places = range(loader.get('batch_size', 1))
        items = [self.dataset[i % len(self.dataset)] for i in places]
        views = items[0]['data_samples']
        if isinstance(views, dict):
            check_views(views)
        collate = loader.get('collate_fn') or dict(type='pseudo_collate')
        options = dict(collate) if isinstance(collate, dict) else {}
        function = find(FUNCTIONS, options.pop('type', collate))
        assert function is not None  # config_mistakes found it
        self.batch = function(items, **options)

    def learn_labeled(self) -> None:
        """Losses of labeled images and their gradients."""
        self.model.train()
        with self._forward():
            data = self.model.data_preprocessor(self.batch, True)
            if isinstance(self.model, SemiSupervisedSegmentor):
                inputs, samples = data['inputs']['sup'], data['data_samples']
                losses = self.model.loss_by_gt(inputs, samples['sup'])
            else:
                losses = self.model(**data, mode='loss')
        self._backward(losses)

    @contextmanager
    def _forward(self) -> Iterator[None]:
        """A forward pass as in the training, in its precision."""
        parts = backward_within(self.model, torch.Tensor.backward)
        with self.optim_wrapper.optim_context(self.model), parts:
            yield

    def _backward(self, losses: dict[str, torch.Tensor]) -> None:
        self.model.parse_losses(losses)[0].backward()
        self.model.zero_grad(set_to_none=True)

    def cluster(self) -> None:
        """Cluster a few labeled images into as many subclasses as they can."""
        assert isinstance(self.dataset, PairedDataset)
        batch_size = self.cfg.train_dataloader.get('batch_size', 1)
        labeled = self.dataset.without_augmentation()
        check_repeats(labeled, 'clustered')
        few = range(min(len(labeled), max(batch_size, CLUSTERED)))
        features = extract_labeled_features(
            self._feature_model(),
            Subset(labeled, few),
            self.dataset.cell_stride,
            0,
        )
        table = self.model.subclass_table
        cells = torch.bincount(features.classes, minlength=table.num_classes)
        all_reduce(cells)
        wanted = self._wanted(int(cells.sum()), len(few) / len(labeled))
        if wanted:  # these images may have no label at all
            shares = resolve_subclasses(cells.tolist(), wanted)
            recluster(table, features, shares)

    def _wanted(self, cells: int, share: float) -> int | list[int]:
        """Subclasses of a share of the labeled images.

        Args:
            cells: Their labeled cells.
            share: How many of the labeled images they are, in (0, 1].

        Raises:
            ValueError: If there are more subclasses than cells.
        """
        total = self.model.subclass_table.num_subclasses
        hooks = self.runner.hooks
        numbers = [getattr(h, 'subclasses_per_class', None) for h in hooks]
        if share == 1:
            return next(filter(None, numbers), total)
        if total > 2 * cells / share:
            raise ValueError(
                f'num_subclasses={total}, but the labeled images have about '
                f'{cells / share:.0f} labeled cells; lower it, or label more'
            )
        return min(total, cells)

    def _feature_model(self) -> Any:
        """The model whose features are clustered."""
        if getattr(self.runner, 'is_resuming', False):
            return self.model
        for hook in self.runner.hooks:
            if isinstance(hook, SubclassReclusterHook):
                return hook.feature_model(self.runner, self.model)
        return self.model

    def learn_unlabeled(self) -> None:
        """Losses of unlabeled images and their gradients."""
        with self._forward():
            data = self.model.data_preprocessor(self.batch, True)
            losses = self.model.loss_by_unlabeled(**data)
        self._backward(losses)

    def validate(self) -> None:
        """Predict one image of the validation and evaluate it."""
        dataset = DATASETS.build(self.cfg.val_dataloader.dataset)
        check_repeats(dataset, 'evaluated')
        batch = pseudo_collate([dataset[0]])
        self.model.eval()
        with torch.no_grad():
            outputs = self.model.val_step(batch)
        metrics = self.cfg.val_evaluator
        metrics = metrics if isinstance(metrics, list) else [metrics]
        evaluator = Evaluator([{**m, **_in_memory(m)} for m in metrics])
        evaluator.dataset_meta = dataset.metainfo
        evaluator.process(data_samples=outputs, data_batch=batch)
        reported = evaluator.evaluate(1)
        hook = (self.cfg.get('default_hooks') or {}).get('checkpoint') or {}
        best = hook.get('save_best') or []
        for name in [best] if isinstance(best, str) else best:
            if name != 'auto' and name not in reported:
                raise ValueError(
                    f'save_best={name!r} is not reported, only '
                    f'{", ".join(reported)}'
                )


def _in_memory(metric: dict) -> dict:
    """Settings with which a metric writes no files."""
    return {'output_dir': None} if 'output_dir' in metric else {}


def _write_report(runner: Runner) -> None:
    if is_main_process():
        folder = Path(runner.log_dir)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / REPORT).write_text(traceback.format_exc())
