"""Contenders of the benchmark of a training step, and what they learn from."""

import ctypes
import math
import time
from inspect import signature
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import add_prefix

PAPER = dict(threshold=0.75, gate='entropy', teacher_momentum=None)


class Step:
    """A contender's training step, on one thread.

    Args:
        recipe: File of the config.
        contender: Its name in ``train_step.py``.
        device: Where the model runs.
        crop: Side of the images.
        batch: Images of each kind.
        subclasses: Their number, if not that of the recipe.
    """

    def __init__(
        self,
        recipe: Path,
        contender: str,
        device: str,
        crop: int,
        batch: int,
        subclasses: int | None = None,
    ) -> None:
        torch.set_num_threads(1)
        torch.backends.cudnn.benchmark = True  # as the recipes set it
        MMLogger.get_current_instance().setLevel('ERROR')
        init_default_scope('mmseg')
        torch.manual_seed(0)
        cfg = Config.fromfile(recipe)
        if subclasses and contender != 'stock':
            cfg.model.num_subclasses = subclasses
        self.device = device
        self.model = build_model(cfg.model, contender, crop).to(device)
        self.wrapper_config = cfg.optim_wrapper
        self.wrapper = build_optim_wrapper(self.model, cfg.optim_wrapper)
        stock = contender == 'stock'
        self.data = make_batch(self.model.num_classes, crop, batch, stock)

    def vary(self, variant: str) -> None:
        """Compute in another way from now on."""
        if variant != 'plain':
            torch.backends.cuda.matmul.allow_tf32 = True
            torch.backends.cudnn.allow_tf32 = True
        if variant == 'amp':
            kind = 'BFloat16' if self.device == 'cpu' else 'Amp'
            config = dict(self.wrapper_config, type=f'{kind}OptimWrapper')
            self.wrapper = build_optim_wrapper(self.model, config)
        elif variant == 'channels_last':
            self.model.to(memory_format=torch.channels_last)
            self.model.data_preprocessor.channels_last = True
        elif variant == 'compile':  # as MMEngine's `compile=True`
            self.model.forward = torch.compile(self.model.forward)

    def seconds(self) -> float:
        """Take a step; CPU time, or that of the clock on a GPU."""
        started = now(self.device)
        self.model.train_step(self.data, self.wrapper)
        return now(self.device) - started


def now(device: str) -> float:
    """Seconds, when all that the device was given is done."""
    if device == 'cpu':
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def release(device: str) -> None:
    """Give back memory that is kept for the next step: others need it."""
    if device == 'cpu':
        ctypes.CDLL(None).malloc_trim(0)
    else:
        torch.cuda.empty_cache()


def build_model(config: dict, contender: str, crop: int) -> torch.nn.Module:
    """The recipe's model, without pretrained weights."""
    config = config.copy()
    config.pop('pretrained', None)
    config.backbone.pop('init_cfg', None)
    _one_process(config)
    config.data_preprocessor.size = (crop, crop)
    if contender == 'stock':
        # Older trees do not have it.
        from mmseg_usrn.models.checkpoints import stock_model

        config = Config(stock_model(config))
        config.data_preprocessor.setdefault('type', 'SegDataPreProcessor')
        return MODELS.build(config).train()
    if contender in ('plain', 'paper'):
        config.update(PAPER)
        # Older trees do not have it.
        if 'logit_adjustment' in signature(MODELS.get(config.type)).parameters:
            config.logit_adjustment = 0
    model = MODELS.build(config)
    if contender == 'plain':
        model.__class__ = plain_formulation(type(model))
        model.data_preprocessor.channels_last = False
    fill_table(model.subclass_table, crop)
    return model.train()


def _one_process(config: dict) -> None:
    for value in config.values():
        if isinstance(value, dict):
            if value.get('type') == 'SyncBN':
                value['type'] = 'BN'
            _one_process(value)


def fill_table(table: torch.nn.Module, crop: int) -> None:
    """Numbers of subclasses that differ by 1 at most, random cells."""
    classes, outputs = table.num_classes, table.num_subclasses
    parents = torch.arange(outputs) * classes // outputs
    cells = 8 * math.ceil(crop / 8) ** 2
    table.fill(
        subclass_to_class=parents,
        prototypes=torch.zeros(outputs, 8),
        prices=torch.zeros(outputs),
        cells_per_image=torch.full((8,), cells // 8),
        cell_subclass=torch.randint(outputs, (cells,), dtype=torch.int32),
        dominant_subclass=torch.full((8, classes), -1, dtype=torch.int32),
    )


def make_batch(classes: int, crop: int, size: int, stock: bool) -> dict:
    """Random images, labels in squares of 16 pixels, a tenth ignored."""
    branches = dict(sup={}, unsup_weak={}, unsup_strong={})
    for branch in branches:
        images = torch.randint(256, (size, 3, crop, crop), dtype=torch.uint8)
        branches[branch] = (
            list(images),
            [make_sample(i, classes, crop) for i in range(size)],
        )
    if stock:
        inputs, samples = branches['sup']
        return dict(inputs=inputs, data_samples=samples)
    return dict(
        inputs={name: part[0] for name, part in branches.items()},
        data_samples={name: part[1] for name, part in branches.items()},
    )


def make_sample(index: int, classes: int, crop: int) -> SegDataSample:
    """Labels, cells and number of a labeled image."""
    side = math.ceil(crop / 16)
    squares = torch.randint(classes, (1, side, side))
    squares[torch.rand(squares.shape) < 0.1] = 255
    labels = squares.repeat_interleave(16, 1).repeat_interleave(16, 2)
    labels = labels[:, :crop, :crop]
    rows = torch.arange(crop).div(8, rounding_mode='floor')
    cells = rows[:, None] * math.ceil(crop / 8) + rows
    return SegDataSample(
        metainfo=dict(img_shape=(crop, crop), labeled_index=index),
        gt_sem_seg=PixelData(data=labels),
        gt_cell_map=PixelData(data=cells[None]),
    )


def plain_formulation(segmentor: type) -> type:
    """USRN as its paper reads: three passes, then losses, then backward."""

    class PlainUSRN(segmentor):
        train_step = EncoderDecoder.train_step

        def loss(self, inputs, data_samples):
            sup, head = data_samples['sup'], self.decode_head
            feats, subclass_feats = self.extract_dual_feat(inputs['sup'])
            strong = self.forward_unlabeled(inputs['unsup_strong'])
            weak = self.forward_unlabeled(inputs['unsup_weak'])
            labels = [
                SegDataSample(gt_sem_seg=PixelData(data=one[None]))
                for one in self.get_subclass_labels(sup)
            ]
            losses = self._auxiliary_head_forward_train(feats, sup)
            for name, branch, x, samples in (
                ('sup_class', head.class_head, feats, sup),
                ('sup_subclass', head.subclass_head, subclass_feats, labels),
            ):
                loss = branch.loss_by_feat(branch(x), samples)
                losses.update(add_prefix(loss, name))
            pseudo = self.make_pseudo_labels(weak, data_samples['unsup_weak'])
            losses.update(self.loss_by_pseudo_labels(strong, pseudo))
            return losses

    return PlainUSRN
