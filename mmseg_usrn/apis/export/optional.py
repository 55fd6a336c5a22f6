"""Packages that only some of the exports need."""

from importlib import import_module
from types import ModuleType


def import_optional(name: str) -> ModuleType:
    """Import a package.

    Args:
        name: Name of the module.

    Raises:
        ValueError: If it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        distribution = (error.name or name).partition('.')[0].replace('_', '-')
        raise ValueError(
            f'this needs the package {distribution}: pip install '
            f'{distribution}'
        ) from None
