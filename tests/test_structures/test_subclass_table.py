"""Lookup, filling and storing of the subclass table.

The table of most tests: 2 images; classes 0, 1, 2 with subclasses (0, 1),
(2,) and (3,); output 4 is used by no class.
"""

import pytest
import torch
from mmengine.dist import all_reduce_params, is_main_process

from mmseg_usrn.structures import IGNORED_SUBCLASS, SubclassTable

CONTENTS = dict(
    subclass_to_class=torch.tensor([0, 0, 1, 2, -1]),
    prototypes=torch.arange(10.0).view(5, 2),
    prices=torch.tensor([0.5, -0.5, 0.0, 0.0, 0.0]),
    cells_per_image=torch.tensor([4, 2]),
    cell_subclass=torch.tensor([0, 1, 2, -1, 3, 1], dtype=torch.int32),
    # Image 0 has no cell of class 2, image 1 none of class 1.
    dominant_subclass=torch.tensor([[0, 2, -1], [1, -1, 3]]),
)


@pytest.fixture
def table() -> SubclassTable:
    table = SubclassTable(num_classes=3, num_subclasses=5)
    table.fill(**CONTENTS)
    return table


def lookup(table, image, cells, classes):
    """Subclasses of one row of pixels."""
    return table.lookup(
        images=torch.tensor([image]),
        cells=torch.tensor([[cells]]),
        classes=torch.tensor([[classes]]),
    )[0, 0].tolist()


def test_is_ready_after_filling(table):
    assert not SubclassTable(3, 5).is_ready
    assert table.is_ready
    assert table.num_images == 2
    assert table.subclasses_per_class == [2, 1, 1]


def test_lookup_by_cell(table):
    assert lookup(table, 0, [0, 1, 2], [0, 0, 1]) == [0, 1, 2]
    assert lookup(table, 1, [0, 1], [2, 0]) == [3, 1]


def test_lookup_of_several_images(table):
    found = table.lookup(
        images=torch.tensor([1, 0]),
        cells=torch.tensor([[[0, 1]], [[0, 1]]]),
        classes=torch.tensor([[[2, 0]], [[0, 0]]]),
    )
    assert found.tolist() == [[[3, 1]], [[0, 1]]]


def test_pixel_of_another_class_than_its_cell_falls_back(table):
    # Cell 1 of image 0 has subclass 1 (class 0), cell 3 none.
    assert lookup(table, 0, [1, 3], [1, 0]) == [2, 0]


def test_class_without_cell_in_the_image_gets_its_first_subclass(table):
    assert lookup(table, 0, [0], [2]) == [3]
    assert lookup(table, 1, [0], [1]) == [2]


def test_ignored_pixels_stay_ignored(table):
    ignored = IGNORED_SUBCLASS
    assert lookup(table, 0, [0, 1, 2], [255, -1, 3]) == [ignored] * 3


def test_cells_of_ignored_pixels_are_not_read(table):
    """Rotation writes 255 where there is no image."""
    assert lookup(table, 1, [255, 1], [255, 0]) == [IGNORED_SUBCLASS, 1]


def test_class_that_was_never_clustered_is_ignored():
    table = SubclassTable(num_classes=2, num_subclasses=2)
    table.fill(
        subclass_to_class=torch.tensor([0, 0]),
        prototypes=torch.zeros(2, 1),
        prices=torch.zeros(2),
        cells_per_image=torch.tensor([2]),
        cell_subclass=torch.tensor([0, 1], dtype=torch.int32),
        dominant_subclass=torch.tensor([[0, -1]]),
    )
    assert lookup(table, 0, [0, 1], [1, 0]) == [IGNORED_SUBCLASS, 1]


def test_every_labeled_pixel_gets_a_subclass_of_its_class(table):
    images = torch.tensor([0, 1])
    classes = torch.randint(0, 3, (2, 20, 20))
    cells = torch.randint(0, 2, (2, 20, 20))
    subclasses = table.lookup(images, cells, classes)
    assert torch.equal(table.subclass_to_class[subclasses], classes)


def test_state_dict_fills_an_empty_table(table):
    copy = SubclassTable(3, 5)
    copy.load_state_dict(table.state_dict())
    for name, value in table.state_dict().items():
        assert torch.equal(getattr(copy, name), value), name
    assert copy.state_dict().keys() == table.state_dict().keys()


def test_state_dict_empties_a_filled_table(table):
    table.load_state_dict(SubclassTable(3, 5).state_dict())
    assert not table.is_ready
    assert table.cell_subclass.numel() == 0


def test_state_dict_of_another_number_of_subclasses_is_refused(table):
    with pytest.raises(RuntimeError, match='size mismatch for subclass_to'):
        SubclassTable(3, 6).load_state_dict(table.state_dict())


def test_filling_again_with_other_sizes(table):
    table.fill(
        subclass_to_class=torch.tensor([0, 1, 2, 2, 2]),
        prototypes=torch.zeros(5, 7),
        prices=torch.zeros(5),
        cells_per_image=torch.tensor([1]),
        cell_subclass=torch.tensor([4], dtype=torch.int32),
        dominant_subclass=torch.tensor([[-1, -1, 4]]),
    )
    assert table.prototypes.shape == (5, 7)
    assert lookup(table, 0, [0, 0], [2, 1]) == [4, 1]


def average_buffers(result):
    table = SubclassTable(3, 5)
    table.fill(**CONTENTS)
    # So many cells that float32 cannot count them.
    table.cells_per_image.fill_(9_999_999)
    all_reduce_params(table.buffers(), op='mean')
    if is_main_process():
        averaged = {**table.state_dict(), 'first_cell': table.first_cell}
        torch.save(averaged, result)


@pytest.mark.slow
def test_averaging_over_ranks_changes_nothing(table, run_ranks, tmp_path):
    """What MMEngine's SyncBuffersHook does."""
    run_ranks(average_buffers, tmp_path / 'averaged.pth')
    averaged = torch.load(tmp_path / 'averaged.pth')
    assert averaged['first_cell'].tolist() == [0, 9_999_999]
    for name, value in table.state_dict().items():
        if name != 'cells_per_image':
            assert torch.equal(averaged[name], value), name
