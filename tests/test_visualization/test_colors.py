"""Colours of labels."""

import numpy as np

from mmseg_usrn.visualization import DROPPED, colorize, subclass_palette

PALETTE = ((100, 100, 100), (200, 50, 0))


def test_colorize():
    labels = np.array([[0, 1], [255, -1]])
    colors = colorize(labels, PALETTE)
    assert colors.dtype == np.uint8
    assert colors.tolist() == [
        [[100, 100, 100], [200, 50, 0]],
        [list(DROPPED), list(DROPPED)],
    ]


def test_only_subclass_has_the_class_colour():
    shades = subclass_palette(PALETTE, [1, 0])
    assert shades.tolist() == [[200, 50, 0], [100, 100, 100]]


def test_shades_differ_and_go_from_light_to_dark():
    shades = subclass_palette(PALETTE, [0, 1, 0, 0, 0]).astype(int)
    brightness = shades[[0, 2, 3, 4]].sum(axis=1)
    assert (np.diff(brightness) < 0).all()


def test_unused_subclass():
    assert subclass_palette(PALETTE, [-1, 0])[0].tolist() == list(DROPPED)
