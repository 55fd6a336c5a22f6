"""Self-training and its teacher; the teacher of USRN."""

from copy import deepcopy

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from mmseg.registry import MODELS

from mmseg_usrn.models import SelfTraining
from mmseg_usrn.models.semi import masked_cross_entropy

USRN_ONLY = ('num_subclasses', 'fork_after', 'subclass_loss_weight')


@pytest.fixture
def config(toy_config):
    """The run of USRN with the class branch only, two iterations warm-up."""
    for name in USRN_ONLY:
        toy_config.model.pop(name, None)
    toy_config.model.update(type='SelfTraining', warmup_iters=2, threshold=0.0)
    toy_config.custom_hooks = []
    return toy_config


def build(config, **settings) -> SelfTraining:
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build({**deepcopy(config.model), **settings})
    model.init_weights()
    return model.train()


def batch(config, model) -> dict:
    dataloader = Runner.build_dataloader(config.train_dataloader)
    return model.data_preprocessor(next(iter(dataloader)), training=True)


def test_warm_up_then_pseudo_labels(config):
    model = build(config)
    data = batch(config, model)
    hub = MessageHub.get_instance('warm-up')  # as the runner keeps it
    supervised = {'sup_class.loss_ce', 'sup_class.acc_seg'}
    for iteration in (0, 1):
        hub.update_info('iter', iteration)
        assert set(model(**data, mode='loss')) == supervised
    hub.update_info('iter', 2)
    losses = model(**data, mode='loss')
    assert set(losses) == supervised | {
        'unsup_class.loss_ce',
        'unsup.class_keep_ratio',
    }
    assert losses['unsup.class_keep_ratio'] == 1


def test_loss_is_that_of_the_weak_labels(config):
    model = build(config, warmup_iters=0, unsup_loss_weight=0.5).eval()
    data = batch(config, model)
    weak = model.forward_unlabeled(data['inputs']['unsup_weak'])
    strong = model.forward_unlabeled(data['inputs']['unsup_strong'])
    assert weak.shape[1:] == strong.shape[1:]
    losses = model(**data, mode='loss')
    expected = 0.5 * masked_cross_entropy(
        strong, weak.argmax(dim=1), torch.ones(1, 1, 1)
    )
    assert losses['unsup_class.loss_ce'].item() == pytest.approx(
        expected.item(), rel=1e-5
    )


def test_no_gradient_through_the_weak_view(config):
    model = build(config, warmup_iters=0)
    data = batch(config, model)
    logits = []
    hook = model.decode_head.conv_seg.register_forward_hook(
        lambda module, inputs, output: logits.append(output)
    )
    model.get_pseudo_labels(
        data['inputs']['unsup_weak'], data['data_samples']['unsup_weak']
    )
    hook.remove()
    assert logits and not logits[0].requires_grad
    total = model(**data, mode='loss')['unsup_class.loss_ce']
    total.backward()
    assert model.backbone.conv1.weight.grad.any()


@pytest.mark.parametrize(
    'wrong',
    [dict(threshold=1.0), dict(warmup_iters=-1), dict(teacher_momentum=1.0)],
)
def test_settings_out_of_range(config, wrong):
    with pytest.raises(ValueError, match='must be in'):
        build(config, **wrong)


def test_one_output_for_two_classes_is_refused(config):
    head = dict(
        config.model.decode_head,
        num_classes=2,
        out_channels=1,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True),
    )
    with pytest.raises(ValueError, match='out_channels=1 for num_classes=2'):
        build(config, decode_head=head)


@pytest.mark.slow
def test_runs_and_resumes_with_a_teacher(config):
    config.model.teacher_momentum = 0.5
    runner = Runner.from_cfg(config)
    model = runner.train()
    max_iters = config.train_cfg.max_iters
    assert model.teacher.steps == max_iters - 2, 'not during the warm-up'
    moved = [
        not torch.equal(own, averaged)
        for own, averaged in zip(
            model.decode_head.parameters(),
            model.teacher.module.decode_head.parameters(),
            strict=True,
        )
    ]
    assert all(moved), 'the student is ahead of its average'
    again = build(config)
    path = f'{config.work_dir}/iter_{max_iters}.pth'
    load_checkpoint(again, path, strict=True)
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


def test_teacher_of_usrn(toy_config):
    toy_config.model.teacher_momentum = 0.5
    model = Runner.from_cfg(toy_config).train()
    assert model.teacher.steps > 0
    assert not any('subclass_table' in n for n in model.teacher.state_dict())
    branches = model.decode_head, model.teacher.module.decode_head
    for own, averaged in zip(*(b.parameters() for b in branches), strict=True):
        assert not torch.equal(own, averaged)
        assert not averaged.requires_grad
