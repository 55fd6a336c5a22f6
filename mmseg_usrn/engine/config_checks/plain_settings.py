"""Settings of the dicts in a config that name no type."""

from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.utils.data import DataLoader

from .places import BUILT, OTHERS, Place
from .signatures import parameters_of

_LOADER = frozenset(parameters_of(DataLoader)[0]) | {
    *('dataset', 'worker_init_fn', 'num_batch_per_epoch'),
}
_CLIP = (
    frozenset(parameters_of(clip_grad_norm_)[0])
    | frozenset(parameters_of(clip_grad_value_)[0])
    | {'type'}
)
KNOWN = dict(
    train_dataloader=_LOADER,
    val_dataloader=_LOADER,
    test_dataloader=_LOADER,
    clip_grad=_CLIP,
    train_cfg={'by_epoch', 'max_epochs', 'max_iters', 'val_begin'}
    | {'val_interval', 'dynamic_intervals', 'type'},
    val_cfg={'type', 'fp16'},
    test_cfg={'type', 'fp16'},
    auto_scale_lr={'enable', 'base_batch_size'},
    randomness={'seed', 'diff_rank_seed', 'deterministic'},
    env_cfg={'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
    mp_cfg={'mp_start_method', 'opencv_num_threads'},
    dist_cfg={'backend', 'timeout', 'init_backend', 'local_rank'},
    default_hooks={'runtime_info', 'timer', 'sampler_seed', 'logger'}
    | {'param_scheduler', 'checkpoint', 'visualization', 'pseudo_labels'},
    paramwise_cfg={'base_total_batch', 'lr_mult', 'decay_mult'}
    | {'custom_keys', 'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult'}
    | {'flat_decay_mult', 'dwconv_decay_mult', 'dcn_offset_lr_mult'}
    | {'bypass_duplicate'},
    metainfo={'classes', 'palette', 'ignore_index', 'label_map'},
    data_prefix={'img_path', 'seg_map_path', 'depth_map_path', 'img_path2'}
    | {'seg_map_path2'},
)
"""Keys of plain dicts, by the key that they stand under."""

CLOSED = frozenset(KNOWN) - {
    *('metainfo', 'data_prefix', 'default_hooks', 'paramwise_cfg'),
    *('dist_cfg', 'clip_grad'),
}
"""Those that take no other keys. The others take a user's own."""

OF_CONFIG = frozenset(BUILT) | frozenset(OTHERS)
"""Entries of a config that are read."""


def plain_keys(place: Place) -> tuple[frozenset[str], bool]:
    """Keys of a plain dict.

    Args:
        place: The dict, which has no type.

    Returns:
        The known keys, and whether it takes others; none and True where
        nothing is known of it.
    """
    key = place.key
    inside_model = place.path[0] in ('model', 'tta_model')
    if inside_model:
        return frozenset(), True
    if place.path[-1] != key:  # an entry of a list
        return frozenset(), True
    if key in KNOWN:
        return frozenset(KNOWN[key]), key not in CLOSED
    return frozenset(), True
