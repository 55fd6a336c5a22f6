"""Which folders hold the images, and which their masks."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from PIL import Image

from mmseg_usrn.data_check.layout import find_labeled


@pytest.fixture
def trip(tmp_path):
    """A folder with images and masks in it."""
    init_default_scope('mmseg')
    rng = np.random.default_rng(0)
    for name in ('images', 'masks'):
        folder = tmp_path / 'disk' / 'trip' / name
        folder.mkdir(parents=True)
        for i in range(3):
            pixels = rng.integers(0, 2, (20, 30), np.uint8)
            Image.fromarray(pixels).save(folder / f'{i}.png')
    return folder.parent


def images_of(folder):
    found = find_labeled([str(folder)], classes=('a', 'b'))
    return found.settings['data_prefix']['img_path']


def test_links_are_followed(trip, tmp_path):
    """Each folder once, also where a link leads back to a parent."""
    data = tmp_path / 'data'
    data.mkdir()
    (data / 'trip1').symlink_to(trip)
    (data / 'trip2').symlink_to(trip)
    (trip / 'again').symlink_to(data)
    (trip.parent / 'up').symlink_to(trip.parent)
    assert images_of(data) == str(data / 'trip1' / 'images')
    assert images_of(trip.parent) == str(trip / 'images')


def test_hidden_folders_are_left_out(trip):
    trip.rename(trip.parent / '.trip')
    (trip.parent / 'trip').mkdir()
    with pytest.raises(ValueError, match='no image'):
        images_of(trip.parent)
