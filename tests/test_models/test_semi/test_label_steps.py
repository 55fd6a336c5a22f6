"""Pseudo labels to look at are those that are learned from."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_usrn.models.segmentors.pointwise import pointwise_convolutions
from mmseg_usrn.models.semi import trace_pseudo_labels


@pytest.fixture
def build(toy_config):
    """Builds the toy model with settings of its own, in training mode."""

    def build(**settings):
        init_default_scope('mmseg')
        config = toy_config.model
        config.update(settings)
        if config.type == 'SelfTraining':
            del config['num_subclasses']
        torch.manual_seed(0)
        model = MODELS.build(config)
        model.init_weights()
        for name, parameter in model.named_parameters():
            if 'conv_seg.weight' in name:  # else one class has all pixels
                torch.nn.init.normal_(parameter)
        return model.train()

    return build


def fill(table) -> None:
    """Two subclasses for each of the four classes, of one labeled cell."""
    table.fill(
        subclass_to_class=torch.arange(8) // 2,
        prototypes=torch.zeros(8, 8),
        prices=torch.zeros(8),
        cells_per_image=torch.tensor([1]),
        cell_subclass=torch.zeros(1, dtype=torch.int32),
        dominant_subclass=torch.full((1, 4), -1, dtype=torch.int32),
    )


@pytest.fixture
def inputs():
    return torch.randn(
        2, 3, 40, 40, generator=torch.Generator().manual_seed(1)
    )


def state_of(model) -> dict:
    return {
        'weights': {k: v.clone() for k, v in model.state_dict().items()},
        'modes': [module.training for module in model.modules()],
    }


def check_unchanged(model, before) -> None:
    after = state_of(model)
    assert after['modes'] == before['modes']
    for name, value in before['weights'].items():
        assert torch.equal(value, after['weights'][name]), name


def test_labels_are_those_of_the_teacher(build, inputs):
    model = build(threshold=0.5)
    fill(model.subclass_table)
    pseudo = model.get_pseudo_labels(inputs, [])  # moves the teacher
    before = state_of(model)
    steps = trace_pseudo_labels(model, inputs)
    check_unchanged(model, before)
    assert torch.equal(steps.labels, pseudo.classes)
    assert torch.equal(steps.kept, pseudo.class_mask)
    assert torch.equal(steps.parents, pseudo.parents)
    assert torch.equal(steps.gate, pseudo.gate)
    assert 0 < steps.kept.float().mean() < 1
    logits = model.teacher.module.forward_unlabeled(inputs)[0]
    assert torch.equal(steps.prediction, logits.argmax(1))


@pytest.mark.parametrize('kind', ['USRN', 'SelfTraining'])
def test_without_a_teacher_the_model_labels_in_evaluation_mode(
    build, inputs, kind
):
    model = build(type=kind, threshold=0.5, teacher_momentum=None)
    if kind == 'USRN':
        fill(model.subclass_table)
    model.backbone.eval()  # as frozen norms; the rest stays in training mode
    before = state_of(model)
    dilations = {c.dilation for c in pointwise_convolutions(model)}
    steps = trace_pseudo_labels(model, inputs)
    check_unchanged(model, before)
    assert {c.dilation for c in pointwise_convolutions(model)} == dilations
    pseudo = model.eval().get_pseudo_labels(inputs, [])
    labels = pseudo.classes if kind == 'USRN' else pseudo[0]
    assert torch.equal(steps.labels, labels)
    assert (steps.gate is None) == (kind == 'SelfTraining')


def test_in_the_warm_up_the_class_branch_is_shown(build, inputs):
    model = build(threshold=0.5)
    before = state_of(model)
    steps = trace_pseudo_labels(model, inputs)
    check_unchanged(model, before)
    assert steps.gate is None and steps.parents is None
    prob = model.eval().forward_unlabeled(inputs)[0].softmax(1)
    assert torch.equal(steps.labels, prob.argmax(1))
    assert torch.equal(steps.kept, prob.amax(1) > 0.5)
