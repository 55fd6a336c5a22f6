"""Reading of work dirs."""

import json

import pytest
import torch

from mmseg_usrn.apis.report import read_run
from mmseg_usrn.apis.report.run_record import read_series


def write_log(path, rows):
    path.write_text(''.join(f'{json.dumps(row)}\n' for row in rows))
    return path


def test_a_continued_run_replaces_what_it_logs_again(tmp_path):
    first = write_log(
        tmp_path / 'a.json',
        [dict(loss=i / 10, iter=i, step=i) for i in (10, 20, 30)],
    )
    second = write_log(
        tmp_path / 'b.json', [dict(loss=9.0, step=20), dict(mIoU=50, step=25)]
    )
    series = read_series([first, second])
    assert series['loss'] == ([10, 20], [1.0, 9.0])
    assert series['mIoU'] == ([25], [50])


def test_a_line_cut_by_a_kill_is_left_out(tmp_path):
    log = write_log(tmp_path / 'a.json', [dict(loss=1.0, step=1)])
    log.write_text(log.read_text() + '{"loss": 0.')
    assert read_series([log]) == {'loss': ([1], [1.0])}


def test_folders_that_are_no_work_dirs_are_refused(tmp_path):
    with pytest.raises(ValueError, match='there is no work dir'):
        read_run(tmp_path / 'none')
    with pytest.raises(ValueError, match='not the work dir of a training'):
        read_run(tmp_path)
    config = tmp_path / '1' / 'vis_data' / 'config.py'
    config.parent.mkdir(parents=True)
    config.write_text('a = 1\n')
    with pytest.raises(ValueError, match='there is no checkpoint'):
        read_run(tmp_path)


@pytest.mark.parametrize(('logged', 'expected'), [(['1', '2'], 2), ([], 1)])
def test_configs_of_tests_and_refused_runs_are_not_read(
    tmp_path, logged, expected
):
    for number in (1, 2, 3):
        folder = tmp_path / str(number) / 'vis_data'
        folder.mkdir(parents=True)
        (folder / 'config.py').write_text(f'number = {number}\n')
    for name in logged:
        write_log(tmp_path / name / 'vis_data/scalars.json', [dict(step=1)])
    torch.save({}, tmp_path / 'iter_1.pth')
    assert read_run(tmp_path).config.number == expected
