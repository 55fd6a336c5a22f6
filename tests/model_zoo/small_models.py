"""The models of MMSegmentation, made small enough to try them all."""

from pathlib import Path

import mmpretrain.models  # noqa: F401  (registers its backbones)
import mmseg
from mmengine.config import Config, ConfigDict

SIZE = 64
WIDTH = 192

# What is made smaller, so that the whole table takes a few minutes. Widths
# of transformers (768, 1024) become WIDTH everywhere in the model.
PLAIN = dict(num_layers=4, out_indices=(0, 1, 2, 3), img_size=SIZE)
SMALLER = {
    'VisionTransformer': PLAIN,
    'BEiT': PLAIN,
    'MAE': PLAIN,
    'ResNeSt': dict(depth=50),
    'UNet': dict(base_channels=16),
    'ConvNeXt': dict(arch='tiny'),
    'MobileNetV3': dict(arch='small', out_indices=(0, 1, 12)),
}
HEAD_CHANNELS = 64
WIDTHS = ('in_channels', 'out_channels', 'embed_dim', 'embed_dims')
# Its head pools over 49x49 pixels of a map of stride 8.
SIZES = {'LRASPPHead': 392}

OTHERS = {
    'fcn_hr18s': 'hrnet/fcn_hr18s_4xb2-40k_cityscapes-512x1024.py',
    'mobilenet-v2': 'mobilenet_v2/mobilenet-v2-d8_deeplabv3plus_4xb2-80k_'
    'cityscapes-512x1024.py',
    'resnest': 'resnest/resnest_s101-d8_pspnet_4xb2-80k_cityscapes512x1024.py',
    'segnext': 'segnext/segnext_mscan-t_1xb16-adamw-160k_ade20k-512x512.py',
    'segmenter, linear head': 'segmenter/segmenter_vit-s_fcn_8xb1-160k_ade20k-'
    '512x512.py',
    'ddrnet': 'ddrnet/ddrnet_23-slim_in1k-pre_2xb6-120k_cityscapes-1024x1024'
    '.py',
    'pidnet': 'pidnet/pidnet-s_2xb6-120k_1024x1024-cityscapes.py',
    'knet': 'knet/knet-s3_r50-d8_fcn_8xb2-adamw-80k_ade20k-512x512.py',
    'maskformer': 'maskformer/maskformer_r50-d32_8xb2-160k_ade20k-512x512.py',
    'mask2former': 'mask2former/mask2former_r50_8xb2-160k_ade20k-512x512.py',
}
"""Configs beside the bases, for other backbones and kinds of heads."""


def config_folder() -> Path:
    """Where the installed MMSegmentation has its configs."""
    return Path(mmseg.__file__).parent / '.mim' / 'configs'


def model_bases() -> dict[str, Path]:
    """Config of every model base of MMSegmentation, by name."""
    folder = config_folder() / '_base_' / 'models'
    return {path.stem: path for path in sorted(folder.glob('*.py'))}


def all_models() -> dict[str, Path]:
    """Config of all models in the tables, by name."""
    others = {name: config_folder() / path for name, path in OTHERS.items()}
    return {**model_bases(), **others}


def small_model(path: Path) -> ConfigDict:
    """The model of a config, without pretrained weights and smaller.

    Args:
        path: A config of MMSegmentation.
    """
    # Not what it imports: a mask head would need MMDetection to be refused.
    model = Config.fromfile(path, import_custom_modules=False).model
    _strip(model)
    size = SIZES.get(type_of(model, 'decode_head'), SIZE)
    model.data_preprocessor.update(size=(size, size))
    model.test_cfg = dict(mode='whole')
    kind = type_of(model, 'backbone')
    for key, value in SMALLER.get(kind, {}).items():
        model.backbone[key] = value
    if kind in ('VisionTransformer', 'BEiT', 'MAE'):
        _narrow(model)
    _fit_heads(model, kind)
    for part in (model.get('decode_head'), model.get('auxiliary_head')):
        for head in part if isinstance(part, list) else [part]:
            if _can_be_narrow(head):
                head.channels = min(head.channels, HEAD_CHANNELS)
    return model


def _fit_heads(model: ConfigDict, kind: str) -> None:
    """Give the heads the channels of the smaller backbone.

    The heads of three bases do not fit their backbone in the first place:
    the neck of PoolFormer, both heads of MAE, the auxiliary one of ConvNeXt.
    """
    if kind == 'MobileNetV3':
        model.decode_head.in_channels = (16, 16, 576)
    elif kind == 'ConvNeXt':
        model.decode_head.in_channels = [96, 192, 384, 768]
    elif kind == 'UNet':
        model.decode_head.in_channels = 16
        model.auxiliary_head.in_channels = 32
    elif kind == 'MAE':
        model.decode_head.in_channels = [WIDTH] * 4
        model.auxiliary_head.in_channels = WIDTH
    elif kind == 'PoolFormer':
        model.neck.in_channels = [64, 128, 320, 512]


def _can_be_narrow(head: ConfigDict | None) -> bool:
    """Whether the head's channels are not bound to those of its input."""
    if not head or 'channels' not in head:
        return False
    return head.type != 'SETRMLAHead' and head.get('num_convs') != 0


def _strip(config) -> None:
    """Take out pretrained weights and SyncBN, which needs a GPU, in place."""
    if isinstance(config, dict):
        if config.get('type') == 'SyncBN':
            config['type'] = 'BN'
        if config.get('pretrained') is not None:
            config['pretrained'] = None
        init_cfg = config.get('init_cfg')
        if isinstance(init_cfg, dict) and init_cfg.get('type') == 'Pretrained':
            config['init_cfg'] = None
        children = list(config.values())
    elif isinstance(config, list | tuple):
        children = config
    else:
        return
    for child in children:
        _strip(child)


def _narrow(config) -> None:
    """Give a plain transformer and what follows it WIDTH channels."""
    if isinstance(config, list | tuple):
        for child in config:
            _narrow(child)
    if not isinstance(config, dict):
        return
    for key, value in config.items():
        if key in WIDTHS and value in (768, 1024):
            config[key] = WIDTH
        elif key in WIDTHS and isinstance(value, list | tuple):
            config[key] = [WIDTH if v in (768, 1024) else v for v in value]
        else:
            _narrow(value)


def type_of(model: ConfigDict, part: str) -> str:
    """Type of the backbone or the head(s), without its scope."""
    config = model.get(part) or {}
    if isinstance(config, list):
        return ' + '.join(head.type for head in config)
    return config.get('type', '').removeprefix('mmpretrain.')
