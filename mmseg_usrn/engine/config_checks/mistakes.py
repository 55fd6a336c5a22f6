"""A mistake in a config, and the error that lists all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

MAX_LINES = 10
MAX_VALUE = 60  # characters


@dataclass(frozen=True)
class Mistake:
    """A setting that is wrong.

    Attributes:
        path: Its keys, joined by dots, as ``--cfg-options`` takes them.
        problem: What is wrong with it.
        fix: What to do about it.
    """

    path: str
    problem: str
    fix: str

    def __str__(self) -> str:
        return f'{self.path}{self.problem}: {self.fix}'


def refuse(mistakes: Iterable[Mistake]) -> None:
    """Raise one error for all mistakes.

    Args:
        mistakes: What was found.

    Raises:
        ValueError: If there is a mistake, in :data:`MAX_LINES` lines at most.
    """
    lines = list(dict.fromkeys(str(mistake) for mistake in mistakes))
    if not lines:
        return
    if len(lines) == 1:
        raise ValueError(lines[0])
    shown = lines[: MAX_LINES - 2]
    if len(lines) > len(shown):
        shown.append(f'... and {len(lines) - len(shown)} more')
    raise ValueError(
        f'{len(lines)} settings are wrong:\n'
        + '\n'.join(f'  {line}' for line in shown)
    )


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The known name that is most like another one, ``''`` if none is.

    Args:
        name: What was written.
        known: What there is.
        cutoff: Likeness from which on a name counts, in [0, 1].
    """
    by_lower = {str(one).lower(): str(one) for one in known}
    found = get_close_matches(str(name).lower(), by_lower, 1, cutoff)
    return by_lower[found[0]] if found else ''


def do_you_mean(name: str, known: Iterable[str]) -> str:
    """Advice to write the nearest known name, or one of all."""
    known = sorted(map(str, known))
    found = nearest(name, known)
    if found:
        return f'do you mean {found}?'
    if len(known) > 12:
        known = [*known[:12], '...']
    return f'use one of {", ".join(known)}' if known else 'leave it out'


def shown(value: Any) -> str:
    """A value as it is written in a config, cut if it is long."""
    text = repr(plain(value))
    return text if len(text) <= MAX_VALUE else f'{text[:MAX_VALUE]}...'


def plain(value: Any) -> Any:
    """A value without the types of configs, which print in other ways."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(item) for item in value)
    return value
