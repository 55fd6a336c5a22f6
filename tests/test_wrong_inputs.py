"""A sample of the mistakes that `python -m tests.trust.wrong_inputs` makes."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.trust.wrong_inputs import KINDS, import_tools, seen, verdict

CASES = [
    case for kind, cases in KINDS.items() if kind != 'launches'
    for case in cases
]  # fmt: skip
SAMPLE = CASES[5::20]
NAMES = [case.name for case in SAMPLE]


@pytest.fixture(scope='module')
def process():
    """A process without threads, which can be forked safely."""
    with ProcessPoolExecutor(1, get_context('spawn')) as pool:
        pool.submit(import_tools).result()
        yield pool


@pytest.mark.parametrize('number', range(len(SAMPLE)), ids=NAMES.__getitem__)
def test_is_refused_in_one_sentence(number, process, tmp_path):
    found = process.submit(_seen, number, tmp_path).result()
    assert found == SAMPLE[number].expected


def _seen(number, folder):
    return seen(SAMPLE[number], folder)


def test_there_are_many_and_each_is_another():
    names = [case.name for cases in KINDS.values() for case in cases]
    assert len(names) >= 250
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    'code, output, begins',
    [
        (1, 'error: a is wrong: do you mean b?\n', 'do you mean b?'),
        (0, 'error: do you mean b?\n', 'passes silently'),
        (1, 'Traceback (most recent call last):\nerror: x\n', 'traceback'),
        (-9, 'error: do you mean b?\n', 'traceback'),
        (1, '', 'traceback'),
        (1, 'error: a\nerror: a\n', '2 errors'),
        (1, 'error: do you mean b?\n' + 'more\n' * 20, '21 lines'),
        (1, 'error: something else\n', 'another sentence'),
    ],
)
def test_what_counts_as_refused(code, output, begins):
    assert verdict('do you mean b?', code, output).startswith(begins)
