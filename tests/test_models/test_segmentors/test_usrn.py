"""The segmentor: losses, labels, weights and prediction."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS

from mmseg_usrn.models import USRN
from tests.toy import fill_table

WARM_UP_LOSSES = {
    'sup_class.loss_ce',
    'sup_class.acc_seg',
    'sup_subclass.loss_ce',
}
ALL_LOSSES = WARM_UP_LOSSES | {
    'sup_subclass.acc_seg',
    'unsup_class.loss_ce',
    'unsup_subclass.loss_ce',
    'unsup.gate_ratio',
    'unsup.class_keep_ratio',
    'unsup.subclass_keep_ratio',
}


@pytest.fixture
def model(toy_config) -> USRN:
    """4 classes, 8 subclasses, no table yet."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(deepcopy(toy_config.model))
    model.init_weights()
    return model.train()


@pytest.fixture
def data(toy_config, model) -> dict:
    """A training batch, preprocessed."""
    np.random.seed(0)
    batch = next(iter(Runner.build_dataloader(toy_config.train_dataloader)))
    return model.data_preprocessor(batch, training=True)


def shake(model: USRN) -> None:
    """Move every weight."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))


def total(losses: dict) -> torch.Tensor:
    return sum(value for name, value in losses.items() if 'loss' in name)


def learned_parameters(model):
    """All parameters but the teacher's."""
    return {
        name: parameter
        for name, parameter in model.named_parameters()
        if not name.startswith('teacher.')
    }


def test_names_of_the_weights(model):
    names = set(model.state_dict())
    assert 'backbone.trunk.layer1.0.conv1.weight' in names
    assert 'backbone.fork.layer2.0.conv1.weight' in names
    assert 'backbone.fork.layer1.0.conv1.weight' not in names
    assert 'decode_head.class_head.conv_seg.weight' in names
    assert 'decode_head.subclass_head.conv_seg.weight' in names
    assert 'subclass_table.cell_subclass' in names
    assert model.decode_head.subclass_head.conv_seg.out_channels == 8


def test_warm_up_trains_the_class_branch_only(model, data):
    losses = model(**data, mode='loss')
    assert set(losses) == WARM_UP_LOSSES
    assert losses['sup_subclass.loss_ce'].item() == 0
    total(losses).backward()
    for name, parameter in learned_parameters(model).items():
        assert parameter.grad is not None, f'{name}: data parallelism needs it'
        if 'fork' in name or 'subclass' in name:
            assert not parameter.grad.any(), name
    assert model.backbone.trunk.conv1.weight.grad.any()


def test_all_losses_reach_all_weights(model, data):
    fill_table(model)
    shake(model)  # residual branches start with a weight of 0
    model.threshold = 0.0  # an untrained model is never confident
    losses = model(**data, mode='loss')
    assert set(losses) == ALL_LOSSES
    assert all(value.isfinite() for value in losses.values())
    assert losses['unsup.class_keep_ratio'] > 0
    assert losses['unsup.subclass_keep_ratio'] == 1
    total(losses).backward()
    for name, parameter in learned_parameters(model).items():
        assert parameter.grad is not None and parameter.grad.any(), name
    for parameter in model.teacher.parameters():
        assert parameter.grad is None and not parameter.requires_grad


@pytest.mark.parametrize('momentum', [0.01, None])
def test_adjusts_the_logits_of_class_losses_alone(toy_config, data, momentum):
    losses = []
    for strength in (0, 0.5):
        torch.manual_seed(0)
        settings = dict(teacher_momentum=momentum, logit_adjustment=strength)
        model = MODELS.build({**deepcopy(toy_config.model), **settings})
        model.init_weights()
        fill_table(model)
        model.threshold = 0.3
        torch.manual_seed(0)  # of the dropout
        losses.append(model.train()(**deepcopy(data), mode='loss'))
    plain, adjusted = losses
    changed = {name for name in plain if plain[name] != adjusted[name]}
    assert changed - {'sup_class.acc_seg'} == {
        'sup_class.loss_ce',
        'unsup_class.loss_ce',
    }
    assert plain['unsup.class_keep_ratio'] > 0


def test_loss_of_the_strong_view_knows_what_is_kept(model):
    adjustment = model.logit_adjustment
    adjustment.count(torch.tensor([[[0, 0, 0, 1]]]))
    logits = torch.randn(1, model.num_classes, 2, 2)
    labels = torch.tensor([[[0, 1], [1, 1]]])
    mask = torch.tensor([[[True, True], [True, False]]])
    loss = model.unsup_class_loss(logits, labels, mask)
    shifts = torch.zeros(model.num_classes)
    shifts[:2] = (
        torch.tensor([1 / 3, 2 / 3]) / torch.tensor([3 / 4, 1 / 4])
    ).log()
    log_prob = (logits + shifts[:, None, None]).log_softmax(1)
    kept = log_prob[0, 0, 0, 0] + log_prob[0, 1, 0, 1] + log_prob[0, 1, 1, 0]
    torch.testing.assert_close(loss['unsup_class.loss_ce'], -kept / 4)


def test_losses_are_means_over_the_strong_views(model, data):
    fill_table(model)
    model.eval()  # the same numbers in each pass
    model.threshold = 0.0
    inputs = data['inputs']
    first = model.loss(**data)
    strong = inputs['unsup_strong']
    inputs['unsup_strong'] = strong.flip(3)
    second = model.loss(**data)
    inputs.update(unsup_strong=strong, unsup_strong2=strong.flip(3))
    both = model.loss(**data)
    assert first['unsup_class.loss_ce'] != second['unsup_class.loss_ce']
    assert both.keys() == first.keys()
    for name, loss in both.items():
        expected = (first[name] + second[name]) / 2
        torch.testing.assert_close(loss, expected)


def test_weights_of_the_losses(model, data):
    fill_table(model)
    model.eval()  # the same numbers in each pass
    model.threshold = 0.0
    plain = model.loss(**data)
    model.subclass_loss_weight, model.unsup_loss_weight = 0.5, 3.0
    weighted = model.loss(**data)
    for name, factor in {
        'sup_class.loss_ce': 1,
        'sup_subclass.loss_ce': 0.5,
        'unsup_class.loss_ce': 3,
        'unsup_subclass.loss_ce': 1.5,
    }.items():
        assert weighted[name].item() == pytest.approx(
            plain[name].item() * factor, rel=1e-5
        ), name


def test_subclass_labels_of_a_batch(model, data):
    fill_table(model)
    samples = data['data_samples']['sup']
    labels = model.get_subclass_labels(samples)
    classes = torch.cat([sample.gt_sem_seg.data for sample in samples])
    known = classes != 255
    assert known.any() and not known.all()
    assert torch.equal(labels[known], 2 * classes[known])
    assert (labels[~known] == -100).all()


def test_batch_without_labels_is_finite(model, data):
    for is_ready in (False, True):
        for sample in data['data_samples']['sup']:
            sample.gt_sem_seg.data.fill_(255)
        if is_ready:
            fill_table(model)
        losses = model(**data, mode='loss')
        assert all(value.isfinite() for value in losses.values()), losses
        total(losses).backward()
        for parameter in learned_parameters(model).values():
            assert parameter.grad.isfinite().all()


def test_losses_and_logits_are_float32_under_autocast(model, data):
    fill_table(model)
    with torch.autocast('cpu', torch.bfloat16):
        feats = model.extract_feat(data['inputs']['sup'])
        assert feats[-1].dtype == torch.bfloat16
        logits = model.forward_unlabeled(data['inputs']['unsup_weak'])
        losses = model(**data, mode='loss')
    assert [part.dtype for part in logits] == [torch.float32] * 2
    for name, value in losses.items():
        assert value.dtype == torch.float32 and value.isfinite(), name
    total(losses).backward()


def test_pseudo_labels_have_no_graph_and_keep_the_mode(model, data):
    fill_table(model)
    model.teacher = None
    logits = []
    for head in (
        model.decode_head.class_head,
        model.decode_head.subclass_head,
    ):
        head.conv_seg.register_forward_hook(
            lambda module, inputs, output: logits.append(output)
        )
    model.get_pseudo_labels(
        data['inputs']['unsup_weak'], data['data_samples']['unsup_weak']
    )
    assert model.training
    assert len(logits) == 2 and not any(x.requires_grad for x in logits)


def test_prediction_is_that_of_the_stock_model(model, data, toy_config):
    stock = MODELS.build(stock_config(toy_config))
    stock.init_weights()
    missing, unexpected = model.load_state_dict(
        deepcopy(stock.state_dict()), strict=False
    )
    assert not unexpected
    assert all(
        'subclass_head' in name or name.startswith('subclass_table.')
        for name in missing
    ), missing
    images = data['inputs']['sup']
    model.eval(), stock.eval()
    with torch.no_grad():
        assert torch.equal(
            model(images, mode='tensor'), stock(images, mode='tensor')
        )
        ours, theirs = (m(images, mode='predict') for m in (model, stock))
    for own, other in zip(ours, theirs, strict=True):
        assert torch.equal(own.seg_logits.data, other.seg_logits.data)
        assert torch.equal(own.pred_sem_seg.data, other.pred_sem_seg.data)


def stock_config(toy_config) -> dict:
    config = deepcopy(toy_config.model)
    del config['num_subclasses']
    config.type = 'EncoderDecoder'
    return config


def test_subclass_branch_starts_as_a_copy(model):
    shake(model)
    classifier = model.decode_head.subclass_head.conv_seg.weight.clone()
    model.start_subclass_branch()
    state = model.state_dict()
    for name, value in state.items():
        if name.startswith('backbone.fork.'):
            assert torch.equal(value, state[name.replace('fork', 'trunk')])
        if name.startswith('teacher.'):
            continue
        if '.subclass_head.' in name and 'conv_seg' not in name:
            twin = name.replace('subclass_head', 'class_head')
            assert torch.equal(value, state[twin])
    assert torch.equal(
        model.decode_head.subclass_head.conv_seg.weight, classifier
    )


def test_state_dict_with_table_goes_into_a_new_model(model, toy_config):
    fill_table(model)
    other = MODELS.build(deepcopy(toy_config.model))
    other.load_state_dict(model.state_dict())
    assert other.subclass_table.is_ready
    assert other.subclass_table.subclasses_per_class == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(num_subclasses=3), 'num_subclasses=3 is below num_classes=4'),
        (dict(threshold=1.0), r'threshold must be in \[0, 1\), got 1.0'),
        (dict(fork_after=9), 'cannot be forked after stage 9'),
        (dict(decode_head=[]), 'needs one decode head'),
    ],
)
def test_settings_out_of_range(toy_config, settings, message):
    config = dict(toy_config.model.to_dict(), **settings)
    with pytest.raises(ValueError, match=message):
        MODELS.build(config)


def test_eight_subclasses_per_class_by_default(toy_config):
    config = toy_config.model.to_dict()
    del config['num_subclasses']
    assert MODELS.build(config).subclass_table.num_subclasses == 32
