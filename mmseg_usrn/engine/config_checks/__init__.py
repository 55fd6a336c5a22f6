"""Checks of a config before anything is built from it."""

from collections.abc import Iterator

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_usrn.models.segmentors.model_checks import refuse_cascade

from .arguments import argument_mistakes
from .entries import entry_mistakes
from .evaluation import evaluation_mistakes, metric_mistakes
from .listing import is_a
from .mistakes import Mistake, refuse
from .options import option_mistakes
from .parts import part_mistakes
from .pipelines import pipeline_mistakes
from .places import BUILT, TESTED
from .ranges import range_mistakes
from .schedule import schedule_mistakes

__all__ = [
    'Mistake',
    'check_config',
    'check_dicts',
    'check_options',
    'config_mistakes',
]


def check_options(cfg: Config, options: dict) -> None:
    """Refuse settings on the command line that nothing reads.

    Args:
        cfg: The config before they are merged.
        options: Values of ``--cfg-options`` by dotted keys.

    Raises:
        ValueError: If there is one; all are listed, with the nearest known
            names.
    """
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    refuse(option_mistakes(cfg, options))


def check_dicts(cfg: Config) -> None:
    """Refuse entries that are not of the kind that they must be.

    Args:
        cfg: A whole config.

    Raises:
        ValueError: If there is one; all are listed.
    """
    refuse(entry_mistakes(cfg))


def check_config(cfg: Config, dataloaders: tuple[str, ...] = ()) -> None:
    """Refuse a config that cannot be what the user means.

    Args:
        cfg: A whole config.
        dataloaders: Entries whose data are used; without
            ``train_dataloader``, nothing that only a training reads is
            looked at.

    Raises:
        ValueError: If there is a mistake; the text has 10 lines at most.
    """
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    model = cfg.get('model')
    if isinstance(model, dict) and is_a(model, MODELS, 'USRN'):
        refuse_cascade(model)  # its other mistakes follow from that
    refuse(config_mistakes(cfg, 'train_dataloader' in dataloaders))


def config_mistakes(cfg: Config, training: bool = True) -> Iterator[Mistake]:
    """All mistakes of a config that show without its data.

    Args:
        cfg: A whole config.
        training: Whether it is trained with, not only tested.
    """
    roots = BUILT if training else TESTED
    yield from argument_mistakes(cfg, roots)
    yield from range_mistakes(cfg, roots)
    if training:
        yield from schedule_mistakes(cfg)
        yield from pipeline_mistakes(cfg)
        yield from part_mistakes(cfg)
        yield from evaluation_mistakes(cfg)
    else:
        yield from metric_mistakes(cfg)
