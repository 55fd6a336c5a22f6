"""The step with several backward passes against one over the joint loss."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS
from torch import nn

from mmseg_usrn.models import USRN
from tests.backbones import FAMILIES
from tests.toy import fill_table

# Its absolute embedding wants images of one size.
SWIN = dict(FAMILIES['swin'], use_abs_pos_embed=False)


class Preprocessed(nn.Module):
    """Stands for the preprocessor of a batch in double precision."""

    def forward(self, data, training):
        return data


@pytest.fixture(params=['USRN', 'SelfTraining'])
def model(request, toy_config):
    """A model in double precision after its warm-up, or without any."""
    return build(toy_config, request.param)


def build(toy_config, kind='USRN', **settings):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    config = deepcopy(toy_config.model)
    config.type = kind
    for name, value in settings.items():
        config[name] = value  # `update` would merge them
    if kind == 'SelfTraining':
        del config['num_subclasses']
    config.threshold = 0.0  # an untrained model is never confident
    model = MODELS.build(config)
    model.init_weights()
    if isinstance(model, USRN):
        fill_table(model)
    model.data_preprocessor = Preprocessed()
    return model.double().train()


@pytest.fixture
def data(toy_config):
    return load(toy_config)


def load(toy_config):
    """A batch in double precision."""
    init_default_scope('mmseg')
    preprocessor = MODELS.build(toy_config.model).data_preprocessor
    np.random.seed(0)
    batch = next(iter(Runner.build_dataloader(toy_config.train_dataloader)))
    batch = preprocessor(batch, training=True)
    batch['inputs'] = {k: v.double() for k, v in batch['inputs'].items()}
    return batch


def wrapper(model, **settings):
    learned = [p for p in model.parameters() if p.requires_grad]
    # A learning rate of 0: the weights stay, the gradients can be read.
    return OptimWrapper(torch.optim.SGD(learned, lr=0.0), **settings)


def gradients(model):
    return {
        name: parameter.grad
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


def test_gradients_and_log_are_those_of_the_joint_loss(model, data):
    compare_with_joint_loss(model, data)


@pytest.mark.parametrize(
    'settings',
    [
        dict(fork_after=0),
        dict(fork_after=3),
        dict(fork_after=None),
        dict(teacher_momentum=None),
        dict(auxiliary_head=dict(in_channels=32, in_index=2)),
    ],
    ids=str,
)
def test_branches_one_after_the_other(toy_config, data, settings):
    """Wherever the branches part, and with parts that only one of them has."""
    shared = {**toy_config.model.decode_head, 'num_convs': 1}
    for name, part in settings.items():
        if isinstance(part, dict):
            base = toy_config.model.get(name, shared)
            settings = {**settings, name: {**base, **part}}
    model = build(toy_config, **settings)
    compare_with_joint_loss(model, data)


@pytest.mark.parametrize('fork_after', [1, 3, None])
@pytest.mark.parametrize(
    'backbone, main, auxiliary',
    [
        (SWIN, (3, 64), (0, 8)),
        (SWIN, (3, 64), (2, 32)),
        (FAMILIES['hrnet'], (0, 8), (3, 64)),
    ],
)
def test_auxiliary_head_reads_what_no_other_head_does(
    toy_config, data, backbone, main, auxiliary, fork_after
):
    """Gradients come to the trunk that only one branch sends there."""
    head = toy_config.model.decode_head
    heads = [
        {**head, 'in_index': index, 'in_channels': channels, 'num_convs': 1}
        for index, channels in (main, auxiliary)
    ]
    model = build(
        toy_config,
        backbone=backbone,
        decode_head=heads[0],
        auxiliary_head=heads[1],
        fork_after=fork_after,
    )
    compare_with_joint_loss(model, data, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize('branch', ['class', 'subclass'])
def test_nothing_of_a_failed_step_is_kept(toy_config, data, branch):
    model = build(toy_config)

    def fail(*args):
        raise RuntimeError('on purpose')

    setattr(model.decode_head, f'loss_by_{branch}', fail)
    with pytest.raises(RuntimeError, match='on purpose'):
        model.train_step(data, wrapper(model))
    assert model.backward is None and not model.backbone.shared_outputs()


def test_several_strong_views_are_averaged(toy_config, data):
    model = build(toy_config)
    strong = data['inputs']['unsup_strong']
    data['inputs']['unsup_strong2'] = strong.flip(-1) / 2
    data['data_samples']['unsup_strong2'] = []
    # Four gradients are added in another order.
    compare_with_joint_loss(model, data, rtol=1e-9, atol=1e-13)


def compare_with_joint_loss(model, data, **tolerances):
    joint = deepcopy(model)
    torch.manual_seed(1)
    loss, expected_log = joint.parse_losses(joint.loss(**data))
    loss.backward()
    optim_wrapper = wrapper(model)
    optim_wrapper.zero_grad = lambda **kwargs: None
    torch.manual_seed(1)
    log = model.train_step(data, optim_wrapper)
    assert list(log) == list(expected_log)
    for name, value in expected_log.items():
        assert torch.equal(log[name], value), name
    assert_equal_gradients(model, joint, **tolerances)
    for name, buffer in joint.named_buffers():
        assert torch.equal(dict(model.named_buffers())[name], buffer), name


def test_class_branch_is_released_before_the_fork(toy_config, data):
    """Its gradients are there when the fork runs, those of the trunk not."""
    model = build(toy_config)
    forward, seen = model.backbone.forward_fork, []

    def watched(inputs):
        head, trunk = model.decode_head.class_head, model.backbone.trunk
        seen.append([list(gradients(m).values()) for m in (head, trunk.conv1)])
        return forward(inputs)

    model.backbone.forward_fork = watched
    model.train_step(data, wrapper(model))
    of_head, of_trunk = seen[0]
    assert all(g is not None for g in of_head)
    assert all(g is None for g in of_trunk)


def test_labeled_graph_is_released_before_the_unlabeled_images(model, data):
    """Its gradients are there when the unlabeled images come."""
    forward = model.loss_by_unlabeled
    seen = []

    def watched(*args):
        seen.extend(g is not None for g in gradients(model).values())
        return forward(*args)

    model.loss_by_unlabeled = watched
    model.train_step(data, wrapper(model))
    assert seen and all(seen)


@pytest.mark.parametrize('teacher', [None, 0.01])
@pytest.mark.parametrize('kind', ['USRN', 'SelfTraining'])
def test_padding_has_no_label(toy_config, kind, teacher):
    """It is one colour in every view, so its labels would be sure."""
    rows, columns = toy_config.model.data_preprocessor.size
    toy_config.model.data_preprocessor.size = (2 * rows, columns + 16)
    model = build(
        toy_config, kind, teacher_momentum=teacher, logit_adjustment=0.25
    )
    model.gate = 'never'  # drops no label
    data = load(toy_config)
    labels = model.get_pseudo_labels(
        data['inputs']['unsup_weak'], data['data_samples']['unsup_weak']
    )
    masks = (
        [labels.class_mask, labels.subclass_mask]
        if kind == 'USRN'
        else [labels[1]]
    )
    for mask in masks:
        image = torch.zeros_like(mask)
        height, width = mask.shape[1:]
        image[:, : height // 2, : width * columns // (columns + 16)] = True
        assert torch.equal(mask, image)
    losses = model(**data, mode='loss')
    share = masks[0].float().mean()
    assert 0 < losses['unsup.class_keep_ratio'] == share < 1
    assert model.logit_adjustment.kept.sum() == masks[0].sum()


def test_accumulated_gradients_count_a_step_once(model, data):
    optim_wrapper = wrapper(model, accumulative_counts=2)
    steps = []
    optim_wrapper.optimizer.register_step_post_hook(
        lambda *args: steps.append(optim_wrapper.inner_count)
    )
    for _ in range(4):
        model.train_step(data, optim_wrapper)
    assert optim_wrapper.inner_count == 4
    assert steps == [2, 4]


@pytest.mark.parametrize('done', [0, 1])
def test_the_teacher_moves_once_a_step_of_the_optimiser(
    toy_config, data, done
):
    """It begins wherever the warm-up has ended, here within a step."""
    model = build(toy_config, teacher_momentum=0.01)
    optim_wrapper = wrapper(model, accumulative_counts=2)
    optim_wrapper.initialize_count_status(model, done, 10)
    moves = []
    for _ in range(4):
        model.train_step(deepcopy(data), optim_wrapper)
        moves.append(int(model.teacher.steps))
    assert moves == ([1, 1, 2, 2], [1, 2, 2, 3])[done]


def test_accumulation_scales_both_passes(model, data):
    whole, half = deepcopy(model), deepcopy(model)
    for copy, counts in ((whole, 1), (half, 2)):
        optim_wrapper = wrapper(copy, accumulative_counts=counts)
        optim_wrapper.zero_grad = lambda **kwargs: None
        torch.manual_seed(1)
        copy.train_step(data, optim_wrapper)
    for name, expected in gradients(whole).items():
        assert torch.equal(2 * gradients(half)[name], expected), name


@pytest.mark.parametrize(
    'clip_grad', [dict(max_norm=0.1), dict(type='value', clip_value=0.01)]
)
def test_clipped_gradients_are_those_of_the_joint_loss(model, data, clip_grad):
    joint = deepcopy(model)
    torch.manual_seed(1)
    loss, _ = joint.parse_losses(joint.loss(**data))
    expected = wrapper(joint, clip_grad=dict(clip_grad))
    expected.zero_grad = lambda **kwargs: None
    expected.update_params(loss)
    optim_wrapper = wrapper(model, clip_grad=dict(clip_grad))
    optim_wrapper.zero_grad = lambda **kwargs: None
    torch.manual_seed(1)
    model.train_step(data, optim_wrapper)
    assert_equal_gradients(model, joint)
    largest = max(g.abs().max() for g in gradients(model).values())
    assert 0 < largest <= 0.1


def test_accumulated_gradients_are_those_of_the_joint_losses(model, data):
    """The mean over the steps, the last of them one that is left over."""
    joint = deepcopy(model)
    steps = []
    for copy in (joint, model):
        optim_wrapper = wrapper(copy, accumulative_counts=2)
        optim_wrapper.initialize_count_status(copy, 0, 3)
        optim_wrapper.optimizer.register_step_pre_hook(
            lambda *args, copy=copy: steps.append(
                [p.grad.clone() for p in copy.parameters() if p.requires_grad]
            )
        )
        torch.manual_seed(1)
        for _ in range(3):
            if copy is model:
                model.train_step(deepcopy(data), optim_wrapper)
            else:
                loss, _ = joint.parse_losses(joint.loss(**data))
                optim_wrapper.update_params(loss)
    assert len(steps) == 4
    for expected, found in ((steps[0], steps[2]), (steps[1], steps[3])):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)


def test_gradients_in_half_precision_are_those_of_the_joint_loss(model, data):
    model.float()
    data['inputs'] = {k: v.float() for k, v in data['inputs'].items()}
    joint = deepcopy(model)
    torch.manual_seed(1)
    with torch.autocast('cpu', torch.bfloat16):
        losses = joint.loss(**data)
    joint.parse_losses(losses)[0].backward()
    optim_wrapper = wrapper(model)
    optim_wrapper.zero_grad = lambda **kwargs: None
    optim_wrapper.optim_context = lambda m: torch.autocast(
        'cpu', torch.bfloat16
    )
    torch.manual_seed(1)
    model.train_step(data, optim_wrapper)
    # Sums of two gradients: the order differs by one rounding in float32.
    assert_equal_gradients(model, joint, rtol=1e-2, atol=1e-4)


def assert_equal_gradients(model, other, rtol=0.0, atol=0.0):
    torch.testing.assert_close(
        gradients(model), gradients(other), rtol=rtol, atol=atol
    )
