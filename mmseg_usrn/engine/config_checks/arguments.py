"""Names and arguments that nothing in a config can be built from."""

from collections.abc import Callable, Iterable, Iterator
from inspect import Parameter, isclass

from mmengine.config import Config

from .mistakes import Mistake, do_you_mean, nearest, shown
from .places import (
    OF_BUILDERS,
    Place,
    extra_keys,
    names_in,
    places,
)
from .plain_settings import OF_CONFIG, plain_keys
from .signatures import parameters_of
from .value_types import is_documented, misfit

SURE = 0.85
"""Likeness from which a key of a user's own is taken for a misspelt one."""


def argument_mistakes(
    cfg: Config, roots: tuple[str, ...]
) -> Iterator[Mistake]:
    """Unknown types, and unknown, missing and misfit arguments.

    Args:
        cfg: A whole config.
        roots: Its entries to look at.
    """
    yield from _entries(cfg)
    for place in places(cfg, roots):
        if place.registry is None:
            yield from _plain(place)
        elif place.cls is None:
            yield unknown_type(place)
        else:
            yield from _arguments(place)


def unknown_type(place: Place) -> Mistake:
    """A type that is registered nowhere."""
    name = place.config['type']
    if not isinstance(name, str):
        return Mistake(
            place.at('type'), f'={shown(name)} is no name', 'write a name'
        )
    return Mistake(
        place.at('type'),
        f'={name!r} is registered nowhere',
        do_you_mean(name, names_in(place.registry))
        + ' A class of your own needs custom_imports',
    )


def unknown_key(place: Place, key: str, known: Iterable[str]) -> Mistake:
    """A key that its place does not take."""
    owner = place.config.get('type')
    owner = getattr(owner, '__name__', owner)
    who = f'{owner} has no such argument' if owner else 'there is no such key'
    return Mistake(place.at(key), f': {who}', do_you_mean(key, known))


def known_keys(place: Place) -> tuple[set[str], bool]:
    """Keys that a dict takes, and whether it takes others."""
    if place.registry is None:
        plain, is_open = plain_keys(place)
        return set(plain), is_open
    if place.cls is None:
        return set(), True
    known, is_open = parameters_of(place.cls)
    # conv_cfg, act_cfg and the like are taken apart by MMCV.
    in_model = place.path[0] in ('model', 'tta_model')
    taken_apart = in_model and str(place.path[-1]).endswith('_cfg')
    is_open = is_open or taken_apart or 'plugins' in place.path
    return {*known, *extra_keys(place)}, is_open


def _entries(cfg: Config) -> Iterator[Mistake]:
    """Entries of a config that are almost those that are read."""
    for key in cfg.keys() - OF_CONFIG:
        likely = nearest(key, OF_CONFIG, SURE)
        of_pipeline = str(key).endswith('_pipeline')
        if likely and likely not in cfg and not of_pipeline:
            yield Mistake(key, ': nothing reads it', f'do you mean {likely}?')


def _plain(place: Place) -> Iterator[Mistake]:
    known, is_open = known_keys(place)
    for key in place.config.keys() - known:
        likely = nearest(str(key), known, SURE)
        if (not is_open and known) or likely:
            yield unknown_key(place, str(key), known)


def _arguments(place: Place) -> Iterator[Mistake]:
    known, is_open = known_keys(place)
    for key in place.config.keys() - known:
        likely = nearest(str(key), known, SURE)
        if not is_open or (likely and likely not in place.config):
            yield unknown_key(place, str(key), known)
    parameters, _ = parameters_of(place.cls)
    for name, parameter in parameters.items():
        if name in place.config:
            why = _misfit(place, name, parameter)
            if why:
                value = shown(place.config[name])
                yield Mistake(place.at(name), f'={value} {why}', 'correct it')
        elif not is_open and _is_required(place, parameter):
            owner = place.config['type']
            owner = getattr(owner, '__name__', owner)
            yield Mistake(
                place.name or 'the config',
                f': {owner} needs {name}',
                f'set {place.at(name)}',
            )


def _misfit(place: Place, name: str, parameter: Parameter) -> str:
    """Why a value cannot be that of an argument, ``''`` if it can."""
    value, ours = place.config[name], is_ours(place.cls)
    why = misfit(value, parameter, ours)
    if why and not ours and is_documented(value, place.cls, name):
        return ''
    return why


def is_ours(cls: Callable | None) -> bool:
    """Whether a class is of this package, whose annotations are checked."""
    return getattr(cls, '__module__', '').startswith('mmseg_usrn.')


def _is_required(place: Place, parameter: Parameter) -> bool:
    """Whether an argument must be there."""
    if parameter.default is not Parameter.empty:
        return False
    # A function is called later, with what its caller has.
    if not isclass(place.cls):
        return False
    # Heads and backbones hand on what they do not name themselves.
    if place.path[0] in ('model', 'tta_model'):
        return False
    # A dataset hands its classes to what reads its masks.
    if place.path[-1] == 'mask_format':
        return False
    # A list of a split is given by its split_dir.
    return parameter.name not in OF_BUILDERS | {'ann_file'}
