"""A teacher that averages its student over the iterations."""

from collections.abc import Iterator

import torch
from mmengine.model import ExponentialMovingAverage
from torch import Tensor, nn


class MeanTeacher(ExponentialMovingAverage):
    """MMEngine's moving average, used as a teacher; buffers are averaged, too.

    It is in evaluation mode always: its normalisation has averaged
    statistics to use.

    Tarvainen and Valpola, "Mean teachers are better role models", NeurIPS
    2017. The first call of :meth:`update` copies the student; in a resumed run
    the average goes on.

    Args:
        student: The model to average; a copy is kept in ``module``.
        momentum: Share of the student in each new average.

    Attributes:
        is_due: Whether the student's weights are new, so that :meth:`update`
            moves; they are not while gradients are accumulated.

    Raises:
        ValueError: If the momentum is not between 0 and 1.
    """

    def __init__(self, student: nn.Module, momentum: float) -> None:
        if not 0 < momentum < 1:
            raise ValueError(
                f'teacher_momentum must be in (0, 1), got {momentum}; None '
                'switches the teacher off'
            )
        super().__init__(student, momentum=momentum)
        self.is_due = True
        self._begins: bool | None = None  # not known
        self.eval()

    def train(self, mode: bool = True) -> 'MeanTeacher':
        """Evaluation mode, whatever its student does."""
        return super().train(False)

    def reset(self) -> None:
        """Let the next :meth:`update` copy the student."""
        self.steps.zero_()
        self._begins = True

    @torch.no_grad()
    def update(self, student: nn.Module) -> nn.Module:
        """Move towards the student, if it is due.

        Args:
            student: The model after its latest step.

        Returns:
            The averaged model.
        """
        if self._begins is None:
            self._begins = bool(self.steps == 0)  # once, a GPU is waited for
        begins = self._begins
        if not (self.is_due or begins):
            return self.module
        pairs = list(_pairs(self.module, student))
        if begins:
            for own, theirs in pairs:
                own.copy_(theirs)
        else:
            averaged = [p for p in pairs if p[0].is_floating_point()]
            # All tensors at once: one by one, a GPU waits for the launches.
            torch._foreach_lerp_(
                [own for own, _ in averaged],
                [theirs for _, theirs in averaged],
                self.momentum,
            )
        self.steps += 1
        self._begins = False
        return self.module

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._begins = None


def _pairs(
    teacher: nn.Module, student: nn.Module
) -> Iterator[tuple[Tensor, Tensor]]:
    """Tensors of the teacher's state beside those of the student's."""
    theirs = dict(student.named_modules())
    for path, module in teacher.named_modules():
        left_out = module._non_persistent_buffers_set
        for tensors in (module._parameters, module._buffers):
            for name, own in tensors.items():
                if own is not None and name not in left_out:
                    yield own, getattr(theirs[path], name)


def build_teacher(
    student: nn.Module, momentum: float | None
) -> MeanTeacher | None:
    """A teacher of the student as it is now, or None without a momentum."""
    return None if momentum is None else MeanTeacher(student, momentum)
