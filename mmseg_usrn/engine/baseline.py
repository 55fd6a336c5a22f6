"""Baselines take the settings and arguments of their recipe."""

from mmengine.config import Config
from mmengine.logging import print_log

from mmseg_usrn.models import USRN

USRN_SETTINGS = USRN.__init__.__kwdefaults__
"""Settings that the stock segmentor does not know."""


def adapt_options(cfg: Config, options: dict) -> dict:
    """Let a baseline take the arguments of its recipe.

    Args:
        cfg: A config, without the options.
        options: Settings by dotted key, as of ``--cfg-options``.

    Returns:
        For a baseline, what is set of the labeled part is set of its only
        dataset; what it has no place for, the unlabeled part and the
        clustering, is left out. For any other config, the options.
    """
    dataset = 'train_dataloader.dataset.'
    is_paired = 'labeled' in cfg.get('train_dataloader', {}).get('dataset', {})
    if cfg.get('model', {}).get('type') != 'EncoderDecoder' or is_paired:
        return options
    nowhere = tuple(
        dataset + name
        for name in ('unlabeled.', 'num_unlabeled', 'feature_pipeline')
    )
    if not cfg.get('custom_hooks'):
        nowhere += ('custom_hooks.',)
    left_out = [key for key in options if key.startswith(nowhere)]
    if left_out:
        print_log(
            f'settings that a baseline has no place for: {left_out}',
            logger='current',
        )
    return {
        key.replace(f'{dataset}labeled.', dataset, 1): value
        for key, value in options.items()
        if key not in left_out
    }


def drop_usrn_settings(cfg: Config) -> None:
    """Let a baseline inherit its recipe, or take the same arguments.

    Args:
        cfg: A config; from the model of a stock ``EncoderDecoder``, the
            settings are taken out that only ``USRN`` has.
    """
    model = cfg.get('model', {})
    if model.get('type') == 'EncoderDecoder':
        for name in USRN_SETTINGS:
            model.pop(name, None)
