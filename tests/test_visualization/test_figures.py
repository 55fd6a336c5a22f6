"""Figures made of pictures and bars."""

import numpy as np
import pytest

from mmseg_usrn.visualization import plot_class_balance, plot_image_grid

CLASSES = ('ground', 'ball')
PALETTE = ((100, 100, 100), (200, 50, 0))


def test_image_grid(tmp_path):
    picture = np.zeros((8, 8, 3), dtype=np.uint8)
    rows = [{'image': picture, 'truth': picture}] * 3
    figure = plot_image_grid(rows, CLASSES, PALETTE, 'title', 'footer')
    axes = figure.get_axes()
    assert len(axes) == 6
    assert [axis.get_title() for axis in axes[:3]] == ['image', 'truth', '']
    legend = figure.legends[0].get_texts()
    assert [text.get_text() for text in legend] == list(CLASSES)
    figure.savefig(tmp_path / 'grid.png')


def test_names_with_dollar_signs(tmp_path):
    rows = [{'image': np.zeros((8, 8, 3), dtype=np.uint8)}]
    figure = plot_image_grid(
        rows, ('cost$_$', 'ball'), PALETTE, 'a$x_$', names=['a$x_$b.jpg']
    )
    figure.savefig(tmp_path / 'grid.png')
    assert figure.get_axes()[0].get_ylabel() == 'a$x_$b.jpg'


@pytest.mark.parametrize('rows', [[], [{'a': 0}, {'b': 0}]])
def test_image_grid_refuses_uneven_rows(rows):
    with pytest.raises(ValueError, match='same column titles'):
        plot_image_grid(rows, CLASSES, PALETTE)


def test_class_balance(tmp_path):
    # 90 and 10 of 100 pixels: 9 to 1; subclasses 30, 60 and 10: 6 to 1.
    figure = plot_class_balance(
        [30, 60, 10, 0], [0, 0, 1, -1], CLASSES, PALETTE
    )
    left, right = figure.get_axes()
    heights = [bar.get_height() for bar in left.patches]
    assert heights == pytest.approx([90, 10])
    heights = [bar.get_height() for bar in right.patches]
    assert heights == pytest.approx([30, 60, 10])
    assert left.get_title().endswith('largest has 9.0 times the smallest')
    assert right.get_title().startswith('3 subclasses')
    figure.savefig(tmp_path / 'balance.png')


def test_class_balance_without_pixels():
    with pytest.raises(ValueError, match='no subclass has a pixel'):
        plot_class_balance([0, 0], [0, 1], CLASSES, PALETTE)
