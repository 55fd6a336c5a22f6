"""Reading of entries that hold one dict or several."""

from collections.abc import Mapping
from typing import Any


def as_dicts(node: Any) -> list[Mapping]:
    """The dicts of an entry: one, several, or none."""
    if not node:
        return []
    nodes = [node] if isinstance(node, Mapping) else list(node)
    return [one for one in nodes if isinstance(one, Mapping)]
