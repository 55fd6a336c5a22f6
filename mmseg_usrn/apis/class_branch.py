"""The stock model inside a trained one."""

from copy import deepcopy

from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import DATASETS, MODELS
from torch import nn

from mmseg_usrn.config_file import read_config
from mmseg_usrn.datasets.palette import default_palette
from mmseg_usrn.models.checkpoints import (
    load_weights,
    read_checkpoint,
    stock_model,
    stock_state_dict,
)


def build_class_branch(
    config: str | Config,
    checkpoint: str,
    device: str = 'cpu',
    trust: bool = False,
) -> EncoderDecoder:
    """The class branch of a trained model, as the stock segmentor.

    Without teacher and subclass branch; its predictions are those of the
    trained model, to the bit.

    Args:
        config: Config of a recipe, or its file.
        checkpoint: Checkpoint of the recipe or of its baseline.
        device: Where the model runs.
        trust: Read whatever the file holds; it could run any program.

    Returns:
        The model in evaluation mode. ``cfg`` is the config of a stock model,
        ``dataset_meta`` has the classes and the palette, ``iteration`` says
        when the checkpoint was saved, if it is known.

    Raises:
        ValueError: If the file is no checkpoint, or weights are missing or of
            another size.
    """
    cfg = read_config(config) if isinstance(config, str) else config
    cfg = deepcopy(cfg)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    cfg.model = stock_model(cfg.model)
    model = revert_sync_batchnorm(MODELS.build(without_weights(cfg.model)))
    loaded = read_checkpoint(checkpoint, trust=trust)
    weights = stock_state_dict(loaded.get('state_dict', loaded))
    load_weights(model, weights).check_class_branch(checkpoint)
    meta = loaded.get('meta', {})
    model.dataset_meta = _dataset_meta(meta, cfg)
    model.iteration = meta.get('iter')
    model.cfg = cfg
    return model.to(device).eval()


def without_weights(model: dict) -> dict:
    """The model's config without pretrained weights to load."""
    model = deepcopy(model)
    model['pretrained'] = None
    model['backbone'].pop('pretrained', None)
    model['backbone'].pop('init_cfg', None)
    return model


def image_channels(model: EncoderDecoder) -> int | None:
    """Channels of the images that a model takes; None if nothing says."""
    modules = model.backbone.modules()
    convolutions = (m for m in modules if isinstance(m, nn.Conv2d))
    return next((m.in_channels for m in convolutions), None)


def _dataset_meta(meta: dict, cfg: Config) -> dict:
    """Classes and palette, of the checkpoint or of the config's images."""
    found = meta.get('dataset_meta')
    if not found:
        dataset = cfg.train_dataloader.dataset
        dataset = dataset.get('labeled', dataset)
        cls = DATASETS.get(dataset.type)
        found = {**cls.METAINFO, **dataset.get('metainfo', {})}
    classes = found['classes']
    palette = found.get('palette') or default_palette(len(classes))
    return dict(classes=tuple(classes), palette=palette)
