"""Reading of work dirs."""

import json

import pytest

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
