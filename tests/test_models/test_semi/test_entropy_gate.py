"""Entropies and the gate, by hand."""

import math

import pytest
import torch

from mmseg_usrn.models.semi import entropy_gate, normalized_entropy

PARENTS = torch.tensor([0, 0, 1, 1])


def as_map(*prob: float) -> torch.Tensor:
    """Distribution of one pixel, (1, C, 1, 1)."""
    return torch.tensor(prob).view(1, -1, 1, 1)


@pytest.mark.parametrize(
    ('prob', 'entropy'),
    [
        ((0.25, 0.25, 0.25, 0.25), 1.0),
        ((0.5, 0.5, 0.0, 0.0), 0.5),
        ((1.0, 0.0, 0.0), 0.0),
        ((0.75, 0.25), 2 - 0.75 * math.log2(3)),
    ],
)
def test_normalized_entropy(prob, entropy):
    found = normalized_entropy(as_map(*prob))
    assert found.shape == (1, 1, 1)
    assert found.item() == pytest.approx(entropy, abs=1e-6)


def test_certain_subclass_restricts_to_its_parent():
    restricted, gate, parent = entropy_gate(
        as_map(0.6, 0.4), as_map(0.0, 0.0, 0.0, 1.0), PARENTS
    )
    assert gate.item() and parent.item() == 1
    assert torch.equal(restricted, as_map(0.0, 0.4)), 'not normalised again'


def test_renormalize_relabels_where_the_gate_is_open():
    certain, uncertain = as_map(0.0, 0.0, 0.0, 1.0), as_map(*4 * [0.25])
    classes = as_map(0.9, 0.1)
    restricted, gate, _ = entropy_gate(
        classes, certain, PARENTS, 'renormalize'
    )
    assert gate.item() and torch.equal(restricted, as_map(0.0, 1.0))
    restricted, gate, _ = entropy_gate(
        classes, uncertain, PARENTS, 'renormalize'
    )
    assert not gate.item() and torch.equal(restricted, classes)


def test_renormalize_leaves_no_class_of_an_unused_subclass():
    restricted, _, _ = entropy_gate(
        as_map(0.5, 0.5),
        as_map(0.0, 0.0, 1.0),
        torch.tensor([0, 1, -1]),
        'renormalize',
    )
    assert torch.equal(restricted, as_map(0.0, 0.0))


def test_uncertain_subclass_restricts_nothing():
    restricted, gate, parent = entropy_gate(
        as_map(0.9, 0.1), as_map(0.2, 0.2, 0.4, 0.2), PARENTS
    )
    assert not gate.item() and parent.item() == 1
    assert torch.equal(restricted, as_map(0.9, 0.1))


def test_gate_compares_shares_of_the_largest_entropy():
    """1.5 bits of 2 against 0.81 bits of 1: the subclass is more certain."""
    classes, subclasses = as_map(0.75, 0.25), as_map(0.5, 0.25, 0.25, 0.0)
    _, gate, _ = entropy_gate(classes, subclasses, PARENTS)
    assert normalized_entropy(subclasses).item() == pytest.approx(0.75)
    assert gate.item()


def test_tie_counts_as_more_certain():
    _, gate, _ = entropy_gate(
        as_map(0.5, 0.5), as_map(0.25, 0.25, 0.25, 0.25), PARENTS
    )
    assert gate.item()


def test_unused_subclass_leaves_no_class():
    restricted, gate, parent = entropy_gate(
        as_map(0.5, 0.5), as_map(0.0, 0.0, 1.0), torch.tensor([0, 1, -1])
    )
    assert gate.item() and parent.item() == -1
    assert torch.equal(restricted, as_map(0.0, 0.0))


def test_maps_are_treated_pixel_by_pixel():
    generator = torch.Generator().manual_seed(0)
    classes = torch.randn(2, 2, 3, 5, generator=generator).softmax(1)
    subclasses = torch.randn(2, 4, 3, 5, generator=generator).softmax(1)
    found = entropy_gate(classes, subclasses, PARENTS)
    for n, y, x in [(0, 0, 0), (1, 2, 4), (0, 1, 3)]:
        pixel = (slice(n, n + 1), slice(None), [y], [x])
        alone = entropy_gate(
            classes[pixel][..., None], subclasses[pixel][..., None], PARENTS
        )
        assert torch.equal(found[0][n, :, y, x], alone[0][0, :, 0, 0])
        assert found[1][n, y, x] == alone[1] and found[2][n, y, x] == alone[2]
