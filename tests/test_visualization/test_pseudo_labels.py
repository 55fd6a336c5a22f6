"""Pictures of the steps that lead to pseudo labels."""

import numpy as np
import pytest

from mmseg_usrn.visualization import draw_label_steps, plot_pseudo_labels
from mmseg_usrn.visualization.pseudo_labels import SIDE, hatch

META = dict(
    classes=('ground', 'ball', 'tree'),
    palette=((100, 100, 100), (200, 50, 0), (0, 120, 0)),
)
VIEW = np.full((32, 64, 3), 20, np.uint8)


@pytest.fixture
def maps():
    """Two images of two labels: the gate corrects one of them."""
    return dict(
        prediction=np.array([[[0, 1]], [[0, 1]]]),
        labels=np.array([[[1, 1]], [[0, 1]]]),
        kept=np.array([[[True, False]], [[False, False]]]),
        parents=np.array([[[1, 1]], [[-1, 1]]]),
        gate=np.array([[[True, True]], [[False, False]]]),
    )


def test_hatch_leaves_the_rest_and_shows_what_was_rejected():
    picture = np.full((4, 16, 3), 200, np.uint8)
    hatched = hatch(picture, np.array([[False, True]]))
    assert (hatched[:, :8] == 200).all()
    # Stripes of 2 pixels along the diagonals, 8 pixels apart; the ground is
    # three parts white.
    row = hatched[0, 8:, 0].tolist()
    assert row == [70, 70, 241, 241, 241, 241, 241, 241]
    assert hatched[1, 8:, 0].tolist() == [*row[1:], 70]


def test_steps_have_one_size_and_kept_labels_their_colour(maps):
    own = {name: value[0] for name, value in maps.items()}
    pictures = draw_label_steps(VIEW, palette=META['palette'], **own)
    assert list(pictures) == [
        'weak view',
        'class branch',
        'subclass branch',
        'gate',
        'pseudo label',
    ]
    assert {p.shape for p in pictures.values()} == {(SIDE // 2, SIDE, 3)}
    kept, rejected = np.split(pictures['pseudo label'], 2, axis=1)
    assert (kept == META['palette'][1]).all()
    assert not (rejected == META['palette'][1]).all(axis=2).any()


def test_without_a_subclass_branch_the_class_branch_is_shown(maps):
    own = {n: maps[n][0] for n in ('prediction', 'labels', 'kept')}
    pictures = draw_label_steps(VIEW, palette=META['palette'], **own)
    assert list(pictures) == ['weak view', 'class branch', 'pseudo label']


def test_heading_and_legend_by_hand(maps):
    figure = plot_pseudo_labels(
        [VIEW, VIEW], maps, META, ['a.png', 27 * 'b'], 'iteration 5'
    )
    # Of four labels one is kept; the gate acts on two, and disagrees on one.
    assert figure.get_suptitle() == (
        'iteration 5: 25.0% kept, gate acts on 50.0%, disagrees on 25.0%'
    )
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[:3] == ['ground', 'ball', 'rejected']  # no tree is there
    names = [axis.get_ylabel() for axis in figure.get_axes()]
    assert names[0] == 'a.png' and names[5] == '...' + 23 * 'b'
