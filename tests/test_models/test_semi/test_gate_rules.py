"""The gate's rules that are there for comparison."""

import pytest
import torch

from mmseg_usrn.models.semi import make_pseudo_labels

PARENTS = torch.tensor([0, 0, 1, 1])
CLASSES = torch.tensor([0.9, 0.1])
SUBCLASSES = {
    'certain': torch.tensor([0.001, 0.001, 0.001, 0.997]),
    'uncertain': torch.tensor([0.2, 0.2, 0.4, 0.2]),
}


@pytest.mark.parametrize(
    ('rule', 'kept'),
    [
        ('entropy', {'certain': False, 'uncertain': True}),
        ('always', {'certain': False, 'uncertain': False}),
        ('never', {'certain': True, 'uncertain': True}),
    ],
)
def test_rules(rule, kept):
    """The subclass branch says class 1, the class branch class 0."""
    for name, prob in SUBCLASSES.items():
        labels = make_pseudo_labels(
            CLASSES.log().view(1, 2, 1, 1),
            prob.log().view(1, 4, 1, 1),
            PARENTS,
            threshold=0.75,
            gate_rule=rule,
        )
        assert labels.class_mask.item() == kept[name], name
        assert labels.gate.item() != kept[name], name
