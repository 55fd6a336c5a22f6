"""Contenders of ``inference.py``."""

import tempfile
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.apis import inference_model
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_usrn.apis import Predictor, build_class_branch, predict_images
from mmseg_usrn.apis.images import Image
from mmseg_usrn.apis.prediction_writer import PredictionWriter


def build(
    contender: str,
    config: Config,
    device: str,
    images: list[Path],
    out: Path,
) -> Callable[[], list[torch.Tensor]]:
    """What a contender does in a round; it returns the label maps.

    Args:
        contender: Its name in ``inference.py``.
        config: Of the recipe.
        device: Where the model runs.
        images: Files of the round.
        out: Folder of the masks.
    """
    init_default_scope('mmseg')
    whole = build_usrn(config)
    with tempfile.NamedTemporaryFile(suffix='.pth') as file:
        torch.save(dict(state_dict=whole.state_dict()), file.name)
        stock = build_class_branch(config, file.name, device)
    stock.cfg.test_pipeline = stock.cfg.test_dataloader.dataset.pipeline
    palette = stock.dataset_meta['palette']
    writer = PredictionWriter(out, palette, overlays=False)
    entries = [Image(path, path.stem) for path in images]
    if contender == 'predict':
        run = partial(predict_files, Predictor(stock), entries, writer)
    elif contender == 'inference_model':
        run = partial(infer_files, stock, entries, writer)
    else:
        loader = Predictor(stock, compiled=False)
        batches = [pseudo_collate([loader.load(path)]) for path in images]
        model = whole.to(device) if contender == 'test' else stock
        run = partial(run_steps, model, batches)
    return lambda: [sample.pred_sem_seg.data for sample in run()]


def predict_files(
    predictor: Predictor, images: list[Image], writer: PredictionWriter
) -> list:
    """Samples of files, as ``tools/predict.py`` makes them."""
    found = []

    def save(image: Image, sample: SegDataSample) -> None:
        writer(image, sample)
        found.append(sample)

    for image, problem in predict_images(predictor, images, save):
        if problem:
            raise RuntimeError(image.path) from problem
    return found


def infer_files(
    model: torch.nn.Module, images: list[Image], writer: PredictionWriter
) -> list:
    """Samples of files, by a loop over MMSegmentation's function."""
    found = []
    for image in images:
        found.append(inference_model(model, str(image.path)))
        writer(image, found[-1])
    return found


@torch.no_grad()
def run_steps(model: torch.nn.Module, batches: list[dict]) -> list:
    """Samples of loaded images, as the test makes them."""
    return [model.test_step(deepcopy(batch))[0] for batch in batches]


@torch.no_grad()
def build_usrn(config: Config) -> torch.nn.Module:
    """The recipe's model with random weights whose predictions vary."""
    model = config.model.copy()
    model.pop('pretrained', None)
    model.backbone.pop('init_cfg', None)
    torch.manual_seed(0)
    built = revert_sync_batchnorm(MODELS.build(model))
    patches = torch.randn(2, 3, 9, 12).repeat_interleave(20, 2)
    patches = patches.repeat_interleave(20, 3)
    for module in built.modules():
        if isinstance(module, _BatchNorm):
            module.momentum = None  # takes the statistics of all batches
    built(patches)
    built.eval()
    # No class is ahead of the others everywhere.
    classify = built.decode_head.class_head.conv_seg
    spread, mean = torch.std_mean(built(patches), (0, 2, 3))
    classify.weight /= spread[:, None, None, None]
    classify.bias -= mean
    classify.bias /= spread
    return built
