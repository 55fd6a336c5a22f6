"""The stock model inside a trained one."""

from copy import deepcopy

from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import DATASETS, MODELS

from mmseg_usrn.datasets.palette import default_palette
from mmseg_usrn.models.checkpoints import stock_model, stock_state_dict


def build_class_branch(
    config: str | Config, checkpoint: str, device: str = 'cpu'
) -> EncoderDecoder:
    """The class branch of a trained model, as the stock segmentor.

    Without teacher and subclass branch; its predictions are those of the
    trained model, to the bit.

    Args:
        config: Config of a recipe, or its file.
        checkpoint: Checkpoint of the recipe or of its baseline.
        device: Where the model runs.

    Returns:
        The model in evaluation mode. ``cfg`` is the config of a stock model,
        ``dataset_meta`` has the classes and the palette.

    Raises:
        ValueError: If weights are missing or of another size.
    """
    cfg = Config.fromfile(config) if isinstance(config, str) else config
    cfg = deepcopy(cfg)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    cfg.model = stock_model(cfg.model)
    model = revert_sync_batchnorm(MODELS.build(_without_weights(cfg.model)))
    loaded = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    weights = stock_state_dict(loaded.get('state_dict', loaded))
    _check_weights(model.state_dict(), weights, checkpoint)
    model.load_state_dict(weights, strict=False)
    model.dataset_meta = _dataset_meta(loaded.get('meta', {}), cfg)
    model.cfg = cfg
    return model.to(device).eval()


def _without_weights(model: dict) -> dict:
    """The model's config without pretrained weights to load."""
    model = deepcopy(model)
    model['pretrained'] = None
    model['backbone'].pop('pretrained', None)
    model['backbone'].pop('init_cfg', None)
    return model


def _check_weights(own: dict, found: dict, checkpoint: str) -> None:
    """Refuse a checkpoint that another model has written."""
    missing = [name for name in own if name not in found]
    resized = [
        name
        for name in own
        if name in found and found[name].shape != own[name].shape
    ]
    for names, what in ((missing, 'lacks'), (resized, 'has other sizes of')):
        names = [n for n in names if not n.startswith('auxiliary_head.')]
        if names:
            raise ValueError(
                f'{checkpoint} {what} {len(names)} of {len(own)} weights of '
                f'the class branch, first {names[0]}: give the config that '
                'it was trained with'
            )


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
