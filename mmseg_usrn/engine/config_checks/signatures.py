"""Arguments that the classes and functions of a config take."""

import ast
from collections.abc import Callable
from functools import cache
from inspect import Parameter, getmro, getsource, isclass, signature
from textwrap import dedent

STACK = ('mmseg_usrn.', 'mmseg.', 'mmcv.', 'mmengine.', 'torch.')
"""Packages whose names and ranges are known."""


def bases(cls: Callable | None) -> tuple[Callable, ...]:
    """A class and its bases, or a function; nothing of None.

    Args:
        cls: What a dict builds.
    """
    if cls is None:
        return ()
    return getmro(cls) if isclass(cls) else (cls,)


def lineage(cls: Callable | None) -> list[str]:
    """Names of :func:`bases`.

    Args:
        cls: What a dict builds.
    """
    return [one.__name__ for one in bases(cls)]


def is_of_stack(cls: Callable | None) -> bool:
    """Whether a class is of a package that is known, not of a user's own."""
    return getattr(cls, '__module__', '').startswith(STACK)


@cache
def parameters_of(cls: Callable) -> tuple[dict[str, Parameter], bool]:
    """Arguments of a class, those of its bases where it hands them on.

    Args:
        cls: A class or a function.

    Returns:
        The arguments by name, and whether it takes any others.
    """
    found: dict[str, Parameter] = {}
    for one in bases(cls):
        if isclass(one) and '__init__' not in vars(one):
            continue
        build = one.__init__ if isclass(one) else one
        try:
            own = signature(build).parameters
        except (TypeError, ValueError):  # of C
            return found, True
        others = ''
        for name, parameter in own.items():
            if name in ('self', 'runner'):
                continue
            if parameter.kind is Parameter.VAR_KEYWORD:
                others = name
            elif parameter.kind is not Parameter.VAR_POSITIONAL:
                found.setdefault(name, parameter)
        if not others:
            return found, False
        taken, is_open = _uses(build, others)
        for name in taken:
            default = Parameter(name, Parameter.KEYWORD_ONLY, default=None)
            found.setdefault(name, default)
        if is_open:
            return found, True
    return found, True


def _uses(build: Callable, name: str) -> tuple[list[str], bool]:
    """What a function does with its ``**kwargs``.

    Args:
        build: An ``__init__``, or a function.
        name: Name of its ``**kwargs``.

    Returns:
        Keys that it takes out of them, and whether the others go elsewhere
        than to the ``__init__`` of a base.
    """
    try:
        tree = ast.parse(dedent(getsource(build)))
    except (OSError, TypeError, SyntaxError):
        return [], False
    nodes = list(ast.walk(tree))
    taken, handed_on = [], False
    for call in (node for node in nodes if isinstance(node, ast.Call)):
        method = getattr(call.func, 'attr', '')
        owner = getattr(call.func, 'value', None)
        if method == '__init__':
            unpacked = [k.value for k in call.keywords if k.arg is None]
            handed_on |= any(_is(value, name) for value in unpacked)
        elif method in ('pop', 'get') and _is(owner, name) and call.args:
            key = getattr(call.args[0], 'value', None)
            taken += [key] if isinstance(key, str) else []
    return taken, not handed_on and any(_is(node, name) for node in nodes)


def _is(node: ast.AST | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
