"""A small part of what `python -m tests.trust` tries."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import pytest

from tests.trust import kills, signals

PARTS = {
    'kills before a rename': partial(
        kills._placed, 'before a file gets its name, file'
    ),
    'signals to a process': partial(signals._signals, 'the process'),
}


@pytest.mark.slow
@pytest.mark.parametrize('part', list(PARTS))
def test_a_part(part, tmp_path):
    """In a new process: one with threads cannot be forked safely."""
    with ProcessPoolExecutor(1, get_context('spawn')) as pool:
        rows = pool.submit(_rows, part, tmp_path).result()
    assert rows
    assert [row for row in rows if not row.holds] == []


def _rows(part, folder):
    return list(PARTS[part](folder))
