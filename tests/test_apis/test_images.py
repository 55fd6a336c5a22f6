"""Images are found as data sets find them."""

import pytest

from mmseg_usrn.apis.images import find_images
from mmseg_usrn.datasets import UnlabeledDataset


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names_of(*inputs, results=()):
    return [i.name for i in find_images([str(p) for p in inputs], results)]


@pytest.fixture
def photos(tmp_path):
    """Images, a linked folder of more, and hidden files and folders."""
    photos = tmp_path / 'photos'
    touch(tmp_path / 'disk', 'trip/2.tif')
    touch(photos, 'a.JPG', 'b/1.v2.png', 'notes.txt')
    touch(photos, '._a.jpg', '.ipynb_checkpoints/a.jpg', 'b/.thumbs/1.png')
    (photos / 'link').symlink_to(tmp_path / 'disk')
    return photos


def test_the_same_files_as_a_data_set(photos):
    assert names_of(photos) == ['a', 'b/1.v2', 'link/trip/2']
    dataset = UnlabeledDataset(dict(img_path=str(photos)), pipeline=[])
    paths = [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
    assert sorted(paths) == [str(i.path) for i in find_images([str(photos)])]


def test_own_results_are_no_images(photos):
    touch(photos, 'out/masks/a.png', 'out/masks/b/1.v2.png', 'out/other.png')
    results = [photos / 'out' / 'masks']
    for inputs in ([photos], [f'{photos}/*']):
        names = names_of(*inputs, results=results)
        assert not [name for name in names if 'masks' in name]
    assert 'out/other' in names_of(photos, results=results)
    assert 'out/masks/a' in names_of(photos)
    with pytest.raises(ValueError, match='own results do not count'):
        names_of(results[0], results=results)


def test_files_and_patterns(photos):
    """A name is that below the folder of the file."""
    assert names_of(photos / 'b' / '1.v2.png') == ['1.v2']
    assert names_of(f'{photos}/*.JPG') == ['a']
    (photos / 'empty').mkdir()
    assert names_of(f'{photos}/*') == ['1.v2', 'a', 'trip/2']
    with pytest.raises(ValueError, match='there is no image in'):
        names_of(photos / 'empty', photos / 'notes.txt')
    with pytest.raises(ValueError, match='no file or folder'):
        names_of(photos / 'nowhere')


def test_two_images_of_one_name(tmp_path):
    touch(tmp_path, 'a.png', 'a.jpg')
    with pytest.raises(ValueError, match='same output a.png'):
        names_of(tmp_path)
    assert names_of(f'{tmp_path}/*.png') == ['a']
