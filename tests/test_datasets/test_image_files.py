import pytest

from mmseg_usrn.datasets.image_files import (
    IMAGE_SUFFIXES,
    find_files,
    locate,
    one_per_stem,
    strip_suffix,
)


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'x')


def test_finds_every_suffix_in_any_case_and_depth(tmp_path):
    names = [f'{i}/deep/{i}{s}' for i, s in enumerate(IMAGE_SUFFIXES)]
    touch(tmp_path, 'A.JPG', *names, 'notes.txt', '.hidden.jpg')
    touch(tmp_path, '.ipynb_checkpoints/A-checkpoint.jpg', 'b/.thumbs/A.jpg')
    files = find_files(str(tmp_path), IMAGE_SUFFIXES)
    expected = {'A': 'A.JPG', **{n.rsplit('.', 1)[0]: n for n in names}}
    assert {s: [str(tmp_path / p)] for s, p in expected.items()} == files


def test_longest_suffix_counts():
    assert strip_suffix('a/x_mask.png', ['.png', '_mask.png']) == 'a/x'
    assert strip_suffix('a/x.txt', ['.png']) is None
    assert strip_suffix('frame.01.PNG', ['.png']) == 'frame.01'


def test_empty_folder_error_names_folder_and_suffixes(tmp_path):
    touch(tmp_path, 'a.gif', 'b.gif', 'sub/c.txt')
    with pytest.raises(ValueError) as error:
        find_files(str(tmp_path), ['.jpg', '.png'])
    text = str(error.value)
    assert str(tmp_path) in text and '.jpg .png' in text
    assert '2 x .gif' in text and '1 x .txt' in text


def test_missing_folder_error_names_it(tmp_path):
    with pytest.raises(ValueError, match='mask folder .*nowhere.* not exist'):
        find_files(str(tmp_path / 'nowhere'), ['.jpg'], 'mask')


def test_two_files_of_one_stem_are_refused(tmp_path):
    touch(tmp_path, 'a.jpg', 'a.png')
    files = find_files(str(tmp_path), IMAGE_SUFFIXES)
    with pytest.raises(ValueError, match="img_suffix='.jpg'"):
        one_per_stem(files, 'img_suffix')


def test_locate_takes_the_first_folder_that_has_the_stem(tmp_path):
    touch(tmp_path, 'one/x/a.JPG', 'two/x/a.png', 'two/b.tif')
    folders = [str(tmp_path / 'one'), str(tmp_path / 'two')]
    found = locate(['x/a', 'b.tif', 'gone'], folders, IMAGE_SUFFIXES)
    assert found == {
        'x/a': [str(tmp_path / 'one/x/a.JPG')],
        'b': [str(tmp_path / 'two/b.tif')],
        'gone': [],
    }


def test_links_to_missing_files_count(tmp_path):
    touch(tmp_path, 'photos/a.png')
    for name in ('b.png', 'trip'):
        (tmp_path / 'photos' / name).symlink_to('gone')
    found = find_files(str(tmp_path / 'photos'), IMAGE_SUFFIXES)
    assert list(found) == ['a', 'b']


def test_links_are_followed_but_not_upwards(tmp_path):
    touch(tmp_path, 'photos/a.png', 'more/b.png')
    (tmp_path / 'photos/more').symlink_to(tmp_path / 'more')
    (tmp_path / 'photos/again').symlink_to(tmp_path / 'more')
    (tmp_path / 'more/up').symlink_to(tmp_path)
    (tmp_path / 'more/round').symlink_to(tmp_path / 'photos')
    (tmp_path / 'photos/here').symlink_to(tmp_path / 'photos')
    found = find_files(str(tmp_path / 'photos'), IMAGE_SUFFIXES)
    assert list(found) == ['a', 'again/b', 'more/b']
