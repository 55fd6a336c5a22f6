"""A resumed run ends as the uninterrupted one, to the bit."""

import pytest

from tests.trust.resume import EQUAL, resume_at_each, write_config


@pytest.mark.parametrize(
    ('name', 'steps'),
    [
        ('usrn', range(1, 7)),
        ('accumulation', (1, 3)),
        ('ema', (3, 4)),
        ('pictures', (3,)),
        ('self_training', (1, 3)),
        ('baseline', (1, 4)),
        pytest.param('workers', (1, 2, 3), marks=pytest.mark.slow),
    ],
)
def test_one_process(tmp_path, name, steps):
    resume_at_each(write_config(name, tmp_path), tmp_path, *steps)
    found = (tmp_path / 'found.txt').read_text().splitlines()
    assert found == [EQUAL] * len(steps)


@pytest.mark.slow
@pytest.mark.parametrize('name', ['usrn', 'workers'])
def test_two_processes(tmp_path, run_ranks, name):
    config = write_config(name, tmp_path)
    run_ranks(resume_at_each, config, tmp_path, 1, 2, 3)
    found = (tmp_path / 'found.txt').read_text().splitlines()
    assert found == [EQUAL] * 3
