"""Outputs are refused before anything is written."""

from pathlib import Path

import pytest

from mmseg_usrn.apis.outputs import check_folder, check_outputs


@pytest.mark.parametrize('folder', ['', 'new', 'new/deep'])
def test_a_folder_that_can_be_made_is_not_made(tmp_path, folder):
    check_folder(tmp_path / folder)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('folder', ['file', 'file/new', 'file/new/deep'])
def test_a_file_is_no_folder(tmp_path, folder):
    (tmp_path / 'file').touch()
    with pytest.raises(ValueError, match='file is a file; name a folder'):
        check_folder(tmp_path / folder)


def test_a_link_to_nothing_is_no_folder(tmp_path):
    (tmp_path / 'link').symlink_to(tmp_path / 'nothing')
    with pytest.raises(ValueError, match='no file can be made in .*link'):
        check_folder(tmp_path / 'link' / 'new')


def test_a_folder_that_takes_no_files():
    """The system's own, as the superuser may write all others."""
    with pytest.raises(ValueError, match=r'/proc/new: no file can be made in'):
        check_outputs([Path('/proc/new/a.csv')])


def test_existing_files_are_refused_first(tmp_path):
    (tmp_path / 'a.txt').touch()
    paths = [tmp_path / 'b.csv', tmp_path / 'a.txt']
    with pytest.raises(ValueError, match='a.txt would be overwritten'):
        check_outputs(paths)
    check_outputs(paths, force=True)
