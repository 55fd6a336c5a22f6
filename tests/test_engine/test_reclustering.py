"""From features to a filled table.

The small example: two images of 4 and 3 cells, features of one channel in two
clumps (around 0 and 10); class 0 has four cells, class 1 two and an extra one.
"""

import pytest
import torch
from mmengine.dist import get_rank, get_world_size

from mmseg_usrn.engine import recluster
from mmseg_usrn.engine.reclustering import cell_ids, class_table
from mmseg_usrn.structures import LabeledFeatures, SubclassTable

IMAGES = [0, 0, 0, 0, 1, 1, 1]
CELLS = [0, 1, 2, 3, 0, 1, -1]
CLASSES = [0, 0, 0, 1, 0, 1, 1]
FEATURES = [0.0, 0.1, 10.0, 5.0, 10.1, 5.1, 5.2]


def example(shift=0.0, rank=0, world_size=1) -> LabeledFeatures:
    """The small example, or the images of a rank."""
    own = torch.tensor(IMAGES) % world_size == rank
    return LabeledFeatures(
        features=(torch.tensor(FEATURES)[:, None] + shift).half()[own],
        classes=torch.tensor(CLASSES)[own],
        images=torch.tensor(IMAGES)[own],
        cells=torch.tensor(CELLS)[own],
        cells_per_image=torch.tensor([4, 3]),
    )


def random_features(seed=0) -> LabeledFeatures:
    """One image of 200 cells, class 0 three times as large as class 1."""
    generator = torch.Generator().manual_seed(seed)
    return LabeledFeatures(
        features=torch.randn(200, 6, generator=generator).half(),
        classes=(torch.arange(200) >= 150).long(),
        images=torch.zeros(200).long(),
        cells=torch.arange(200),
        cells_per_image=torch.tensor([200]),
    )


@pytest.fixture
def table() -> SubclassTable:
    return SubclassTable(num_classes=2, num_subclasses=3)


def test_cells_have_the_same_ids_on_any_rank():
    assert cell_ids(example()).tolist() == [0, 1, 2, 3, 4, 5, 8]
    second = example(rank=1, world_size=2)
    assert cell_ids(second).tolist() == [4, 5, 8]


def test_table_of_the_example(table):
    summary = recluster(table, example())
    assert table.subclass_to_class.tolist() == [0, 0, 1]
    low, low2, high, only, high2, only2, unlabeled = (
        table.cell_subclass.tolist()
    )
    assert {low, high} == {0, 1} and low == low2 and high == high2
    assert only == only2 == 2 and unlabeled == -1
    assert table.prototypes[low].item() == pytest.approx(0.05, abs=0.01)
    assert table.prototypes[high].item() == pytest.approx(10.05, abs=0.01)
    assert table.prototypes[2].item() == pytest.approx(5.1, abs=0.01)
    assert table.dominant_subclass.tolist() == [[low, 2], [high, 2]]
    assert table.cells_per_image.tolist() == [4, 3]
    assert 'subclass sizes: 2 to 3 labeled cells' in summary


def test_summary_names_its_unit():
    text = class_table([90, 10, 0], [9, 1, 0], ['road', 'car', 'sky'])
    rows = [line.strip('| ').split('|') for line in text.splitlines()]
    cells = [[cell.strip() for cell in row] for row in rows]
    assert cells[1] == [
        'class',
        'labeled cells',
        'subclasses',
        'cells per subclass',
    ]
    assert cells[3] == ['road', '90', '9', '10.0']
    assert cells[5] == ['sky', '0', '0', '-']
    assert cells[6] == ['all', '100', '10', '10.0']
    assert 'classes: 9.00, of the subclasses: 1.00' in text


def test_warm_start_keeps_the_ids(table):
    for seed in range(4):
        table.clear()
        recluster(table, example(), seed=seed)
        before = table.cell_subclass.clone()
        summary = recluster(table, example(shift=1.5), seed=seed + 1)
        assert torch.equal(table.cell_subclass, before)
        assert table.prototypes[2].item() == pytest.approx(6.6, abs=0.01)
        assert 'cells that changed subclass: 0.0%' in summary


def test_sizes_are_balanced_within_each_class():
    table = SubclassTable(num_classes=2, num_subclasses=9)
    for seed in range(3):
        labeled = random_features(seed)
        recluster(table, labeled)
        sizes = torch.bincount(table.cell_subclass.long(), minlength=9)
        for k in range(2):
            own = sizes[table.subclass_to_class == k]
            assert own.max() - own.min() <= 1
        assert table.subclasses_per_class == [7, 2]
        parents = table.subclass_to_class[table.cell_subclass.long()]
        assert torch.equal(parents, labeled.classes)


def test_same_seed_same_table():
    tables = [SubclassTable(2, 9) for _ in range(3)]
    for table, seed in zip(tables, (5, 5, 6), strict=True):
        recluster(table, random_features(), seed=seed)
    first, same, other = (t.cell_subclass for t in tables)
    assert torch.equal(first, same) and not torch.equal(first, other)
    assert torch.equal(tables[0].prototypes, tables[1].prototypes)


def test_given_numbers_of_subclasses_leave_outputs_unused():
    table = SubclassTable(num_classes=2, num_subclasses=9)
    recluster(table, random_features(), [3, 1])
    assert table.subclass_to_class.tolist() == [0, 0, 0, 1] + [-1] * 5
    assert not table.prototypes[4:].any()
    recluster(table, random_features(), [3, 1])  # and again, warm
    assert table.subclasses_per_class == [3, 1]


def test_other_numbers_than_last_time_start_afresh():
    table = SubclassTable(num_classes=2, num_subclasses=9)
    recluster(table, random_features(), [3, 1])
    summary = recluster(table, random_features(), [2, 2])
    assert table.subclasses_per_class == [2, 2]
    assert 'changed' not in summary


def test_class_that_is_never_labeled_has_no_subclass():
    table = SubclassTable(num_classes=3, num_subclasses=9)
    recluster(table, random_features(), class_names=['a', 'b', 'c'])
    assert table.subclasses_per_class == [7, 2, 0]
    assert (table.dominant_subclass[:, 2] == -1).all()
    assert table.prototypes.isfinite().all()


def test_too_many_subclasses_in_all(table):
    with pytest.raises(ValueError, match=r'sums to 4.*num_subclasses=3'):
        recluster(table, example(), [3, 1])


def test_too_many_subclasses_for_a_class():
    table = SubclassTable(num_classes=2, num_subclasses=9)
    with pytest.raises(ValueError, match='class 1 has 3 labeled cells'):
        recluster(table, example(), [4, 5])


def recluster_on_rank(folder):
    rank, world_size = get_rank(), get_world_size()
    table = SubclassTable(2, 3)
    for shift in (0.0, 1.5):
        recluster(table, example(shift, rank, world_size))
    torch.save(table.state_dict(), f'{folder}/{rank}.pth')


@pytest.mark.slow
def test_ranks_agree_with_one_process(table, run_ranks, tmp_path):
    run_ranks(recluster_on_rank, tmp_path)
    for shift in (0.0, 1.5):
        recluster(table, example(shift))
    first, second = (torch.load(tmp_path / f'{rank}.pth') for rank in (0, 1))
    for name, value in table.state_dict().items():
        assert torch.equal(first[name], second[name]), name
        assert torch.allclose(first[name], value, atol=1e-5), name
