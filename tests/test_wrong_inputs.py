"""A sample of the mistakes that `python -m tests.trust.wrong_inputs` makes."""

import pytest

from tests.trust.wrong_inputs import KINDS, import_tools, seen, verdict

CASES = [
    case for kind, cases in KINDS.items() if kind != 'launches'
    for case in cases
]  # fmt: skip
SAMPLE = CASES[5::20]


@pytest.mark.parametrize('case', SAMPLE, ids=lambda case: case.name)
def test_is_refused_in_one_sentence(case, tmp_path):
    import_tools()
    assert seen(case, tmp_path) == case.expected


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
