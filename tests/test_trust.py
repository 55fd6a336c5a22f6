"""A small part of what `python -m tests.trust` tries."""

from functools import partial

import pytest

from tests.trust import kills, signals

PARTS = {
    'kills before a rename': partial(
        kills._placed, 'before a file gets its name, file'
    ),
    'signals to a process': partial(signals._signals, 'the process'),
}


@pytest.mark.slow
@pytest.mark.parametrize('part', PARTS)
def test_a_part(part, tmp_path):
    rows = list(PARTS[part](tmp_path))
    assert rows
    assert [row for row in rows if not row.holds] == []
