"""Values that cannot be what an argument takes."""

import re
from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import Any

from .signatures import bases

WORDS = dict(
    bool='True or False',
    int='a whole number',
    float='a number',
    str='a text',
    list='a list',
    dict='a dict',
)
"""Kinds of values, and what a user calls them."""

# What annotations call them. Names that are not here may be anything.
_KINDS = dict(
    bool='bool',
    int='int',
    float='float',
    str='str',
    list='list',
    List='list',
    tuple='list',
    Tuple='list',
    Sequence='list',
    Iterable='list',
    dict='dict',
    Dict='dict',
    Mapping='dict',
    ConfigDict='dict',
    ConfigType='dict',
    OptConfigType='dict',
    number='float',
    string='str',
    sequence='list',
)
_CONTENT = (
    r'\b(list|tuple|[Ss]equence|Iterable|dict|Mapping|List|Tuple|Dict)'
    r'\[[^\[\]]*\]'
)
_NEUTRAL = frozenset(('Optional', 'Union', 'None', 'NoneType', 'class'))


def misfit(value: Any, parameter: Parameter, exact: bool = False) -> str:
    """Why a value cannot be that of an argument.

    Annotations that their own default contradicts are not believed; without
    one the default tells whether a number is wanted.

    Args:
        value: A value of a config.
        parameter: The argument.
        exact: Whether the annotation says where None is allowed.

    Returns:
        The reason, ``''`` if there is none.
    """
    default = parameter.default
    if value is default or (value is None and not exact):
        return ''
    kinds = kinds_of(parameter.annotation)
    if not kinds and type(default) in (bool, int, float):
        kinds = {'int', 'float', 'bool', 'list'}
    given = default is not Parameter.empty and default is not None
    if not kinds or (given and not _fits(default, kinds)):
        return ''
    # Of names that have a number as well, few annotations say so.
    if _fits(value, kinds) or (kinds == {'str'} and _fits(value, {'float'})):
        return ''
    if not exact and _stands_for(value, kinds):
        return ''
    wanted = [text for kind, text in WORDS.items() if kind in kinds]
    return f'must be {" or ".join(wanted)}'


def is_documented(value: Any, cls: Callable | None, name: str) -> bool:
    """Whether a docstring allows a value that the annotation does not.

    Args:
        value: A value of a config.
        cls: What takes it.
        name: Name of the argument.
    """
    for one in bases(cls):
        for text in (one.__doc__, getattr(one.__init__, '__doc__', '')):
            found = re.search(rf'\b{name} ?\(([^()]+)\):', text or '')
            if found and _fits(value, _documented_kinds(found[1])):
                return True
    return False


def _documented_kinds(text: str) -> set[str]:
    """Kinds of values that are named in a text."""
    words = re.findall('[a-z]+', _outermost(text).lower())
    return {_KINDS[word] for word in words if word in _KINDS}


def kinds_of(annotation: Any) -> set[str]:
    """Kinds of values that an annotation stands for, empty if others are.

    What a list or dict holds is not looked at.
    """
    if annotation is Parameter.empty:
        return set()
    text = annotation if isinstance(annotation, str) else repr(annotation)
    texts = {'str'} if 'Sequence[str]' in text else set()
    text = _outermost(text)
    words = [w.split('.')[-1] for w in re.findall(r'[A-Za-z_][\w.]*', text)]
    words = [word for word in words if word not in _NEUTRAL]
    if not all(word in _KINDS for word in words):
        return set()
    kinds = texts | {_KINDS[word] for word in words}
    is_optional = 'None' in text or 'Optional' in text
    return kinds | ({'None'} if is_optional and kinds else set())


def _outermost(text: str) -> str:
    """A type without those of what it holds."""
    while re.search(_CONTENT, text):
        text = re.sub(_CONTENT, r'\1', text)
    return text


def _stands_for(value: Any, kinds: set[str]) -> bool:
    """Whether a number is as good as one of another kind: 4e4, or 0."""
    if isinstance(value, float):
        return 'int' in kinds and value.is_integer()
    return 'bool' in kinds and type(value) is int and value in (0, 1)


def _fits(value: Any, kinds: set[str]) -> bool:
    if value is None:
        return 'None' in kinds
    if isinstance(value, bool):
        return 'bool' in kinds
    if isinstance(value, int):
        return bool({'int', 'float'} & kinds)
    if isinstance(value, float):
        return 'float' in kinds
    if isinstance(value, str):
        return 'str' in kinds
    if isinstance(value, Mapping):
        return 'dict' in kinds
    if isinstance(value, list | tuple):
        several = all(isinstance(one, Mapping) for one in value)
        return 'list' in kinds or ('dict' in kinds and several)
    return True
