"""Choice of crops."""

import numpy as np
import torch

from mmseg_usrn.apis.report.subclass_atlas import (
    crop_around,
    order_by_distance,
    pick_apart,
)


def test_the_nearest_to_the_mean_come_first():
    features = torch.tensor([[0.0], [4.0], [10.0], [5.0]])  # mean 4.75
    assert order_by_distance(features).tolist() == [3, 1, 0, 2]


def test_other_images_come_before_a_second_crop_of_one():
    assert pick_apart([7, 7, 7, 8, 9], 3) == [0, 3, 4]
    assert pick_apart([7, 7, 8], 6) == [0, 1, 2]
    assert pick_apart([7, 7, 7, 8], 3) == [0, 1, 3]


def test_crops_stay_inside_the_picture():
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[:64, -64:] = 255
    crop = crop_around(picture, (0.0, 1.0), 64)
    assert crop.shape == (64, 64, 3)
    assert (crop == 255).all()
    assert (crop_around(picture, (0.0, 0.0), 64) == 0).all()
