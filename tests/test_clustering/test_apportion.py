"""Values computed by hand, and properties, of the apportioning."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseg_usrn.clustering import (
    apportion_by_unit,
    apportion_subclasses,
    apportion_table,
    resolve_subclasses,
)


@pytest.mark.parametrize(
    ('pixels', 'total', 'expected'),
    [
        ([50, 30, 20], 10, [5, 3, 2]),
        ([10, 10, 10], 4, [2, 1, 1]),  # equal remainders: the first class
        ([1000, 5, 0, 5], 10, [8, 1, 0, 1]),
        ([700, 50, 20, 0, 3], 12, [9, 1, 1, 0, 1]),
        ([1, 1, 98], 5, [1, 1, 3]),
        ([2, 2], 4, [2, 2]),
        ([34, 33, 33], 3, [1, 1, 1]),
    ],
)
def test_by_hand(pixels, total, expected):
    assert apportion_subclasses(pixels, total) == expected


@settings(max_examples=100, deadline=None)
@given(pixels=st.lists(st.integers(0, 10**6), min_size=1), data=st.data())
def test_properties(pixels, data):
    present = sum(p > 0 for p in pixels)
    if not present:
        return
    most = min(sum(pixels), present + 300)
    total = data.draw(st.integers(present, most))
    counts = apportion_subclasses(pixels, total)
    assert sum(counts) == total
    for p, s in zip(pixels, counts, strict=True):
        assert (s >= 1) == (p > 0)
        assert s <= p
    # A class with more pixels never gets fewer subclasses.
    ranked = sorted(zip(pixels, counts, strict=True))
    assert all(a[1] <= b[1] for a, b in zip(ranked, ranked[1:], strict=False))


def test_unit_rule():
    # Median of the classes with pixels: 20.
    assert apportion_by_unit([100, 20, 5, 0]) == [5, 1, 1, 0]
    assert apportion_by_unit([100, 20, 5, 0], unit=0.5) == [10, 2, 1, 0]
    assert apportion_by_unit([101, 20, 5]) == [6, 1, 1]


def test_explicit_list_or_total():
    assert resolve_subclasses([9, 3, 0], [2, 1, 1]) == [2, 1, 1]
    assert resolve_subclasses([9, 3, 0], 4) == [3, 1, 0]


def test_table():
    text = apportion_table([90, 10, 0], [9, 1, 0], ['road', 'car', 'sky'])
    rows = [line.split() for line in text.splitlines()]
    assert rows[2] == ['road', '90', '9', '10.0']
    assert rows[4] == ['sky', '0', '0', '-']
    assert rows[5] == ['all', '100', '10']
    assert 'imbalance of the classes: 9.00' in text
    assert 'imbalance of the subclasses: 1.00' in text


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: apportion_subclasses([5, 5], 1), 'cannot cover 2 classes'),
        (lambda: apportion_subclasses([2, 1], 4), '4 subclasses were asked'),
        (lambda: apportion_subclasses([0, 0], 4), 'no class has labeled'),
        (lambda: apportion_subclasses([5, -1], 4), 'class 1 has -1 pixels'),
        (lambda: apportion_by_unit([5, 1], 0), 'unit must be positive'),
        (lambda: resolve_subclasses([5, 2], [1, 3]), 'class 1 has 2 pixels'),
        (lambda: resolve_subclasses([5, 2], [1, 0]), 'at least 1'),
        (lambda: resolve_subclasses([5, 2], [1]), '1 entries for 2 classes'),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
