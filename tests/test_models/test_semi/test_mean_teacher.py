"""The moving average, by hand."""

import pytest
import torch
from torch import nn

from mmseg_usrn.models.semi import MeanTeacher, build_teacher


@pytest.fixture
def student() -> nn.Module:
    return nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))


def test_weights_and_buffers_follow(student):
    teacher = MeanTeacher(student, momentum=0.25)
    weight, mean = student[0].weight, student[1].running_mean
    weight.data.fill_(4.0)
    mean.fill_(2.0)
    averaged = teacher.update(student)
    assert averaged[0].weight.item() == 4.0, 'the first call copies'
    weight.data.fill_(8.0)
    mean.fill_(10.0)
    averaged = teacher.update(student)
    assert averaged[0].weight.item() == pytest.approx(5.0)
    assert averaged[1].running_mean.item() == pytest.approx(4.0)
    assert not averaged.training and student.training


def test_state_that_is_loaded_says_whether_it_begins(student):
    new = MeanTeacher(student, momentum=0.25).state_dict()
    teacher = MeanTeacher(student, momentum=0.25)
    student[0].weight.data.fill_(4.0)
    teacher.update(student)
    moved = {
        name: value.clone() for name, value in teacher.state_dict().items()
    }
    student[0].weight.data.fill_(8.0)
    for state, weight in ((moved, 5.0), (new, 8.0), (moved, 5.0)):
        teacher.load_state_dict(state)
        assert teacher.update(student)[0].weight.item() == weight


def test_follows_after_a_move(student):
    """Moving a model replaces its tensors, as `.cuda()` does."""
    teacher = MeanTeacher(student, momentum=0.25).double()
    student.double()
    student[0].weight.data.fill_(4.0)
    assert teacher.update(student)[0].weight.item() == 4.0


def test_keeps_no_second_copy(student):
    teacher = MeanTeacher(student, momentum=0.25).double()
    weights = {id(weight) for weight in teacher.module.parameters()}
    assert {id(kept) for kept in teacher.avg_parameters.values()} == weights


def test_evaluates_while_its_student_trains(student):
    student.teacher = MeanTeacher(student, momentum=0.25)
    student.eval().train()
    assert student[1].training
    assert not any(m.training for m in student.teacher.modules())


def test_takes_no_gradient(student):
    teacher = MeanTeacher(student, momentum=0.25)
    assert not any(p.requires_grad for p in teacher.parameters())
    student.train()
    output = teacher.update(student)(torch.ones(2, 1))
    assert not output.requires_grad


def test_none_builds_none(student):
    assert build_teacher(student, None) is None


@pytest.mark.parametrize('momentum', [0.0, 1.0])
def test_momentum_out_of_range(student, momentum):
    with pytest.raises(ValueError, match='teacher_momentum'):
        build_teacher(student, momentum)
