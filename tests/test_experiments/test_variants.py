"""What newer recipes add to USRN, on small models."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS

from mmseg_usrn.models import USRN


@pytest.fixture
def build(toy_config):
    """A variant that has been clustered, and a batch."""
    import variants  # noqa: F401  (registers the segmentors)

    def build(kind):
        init_default_scope('mmseg')
        torch.manual_seed(0)
        settings = dict(deepcopy(toy_config.model), type=kind, threshold=0.0)
        model = MODELS.build(settings)
        model.init_weights()
        model.subclass_table.fill(
            subclass_to_class=torch.arange(4).repeat_interleave(2),
            prototypes=torch.zeros(8, 8),
            prices=torch.zeros(8),
            cells_per_image=torch.full((5,), 48),
            cell_subclass=torch.full((5 * 48,), -1, dtype=torch.int32),
            dominant_subclass=torch.tensor([[0, 2, 4, 6]] * 5),
        )
        np.random.seed(0)
        loader = Runner.build_dataloader(toy_config.train_dataloader)
        data = model.data_preprocessor(next(iter(loader)), training=True)
        return model.eval(), data  # eval: the same numbers in each pass

    return build


def test_feature_dropout_learns_from_the_weak_view(build):
    model, data = build('FeatureDropoutUSRN')
    inputs = data['inputs']
    strong, dropped = model.forward_strong(inputs)
    assert strong[0].equal(model.forward_dual(inputs['unsup_strong'])[0])
    plain = model.forward_dual(inputs['unsup_weak'])
    for one, other in zip(plain, dropped, strict=True):
        assert one.shape == other.shape and not one.equal(other)
    losses = model.loss(**data)
    total = losses['unsup_class.loss_ce'] + losses['unsup_subclass.loss_ce']
    total.backward()
    assert model.decode_head.subclass_head.conv_seg.weight.grad.any()


def test_rare_classes_vary_most(build):
    model, data = build('LogitNoiseUSRN')
    model.loss(**data)
    labels = torch.cat(
        [s.gt_sem_seg.data.flatten() for s in data['data_samples']['sup']]
    )
    counts = labels[labels < 4].bincount(minlength=4)
    assert model.class_pixels.tolist() == counts.tolist()
    head = model.decode_head.class_head
    feats = torch.randn(1, head.conv_seg.in_channels, 32, 32)
    calm = head.conv_seg(feats)
    head.train()
    change = (head.conv_seg(feats) - calm)[0].flatten(1)
    assert change.min() >= 0 and change.max() <= 1
    assert change.mean(1).argsort().tolist() == (-counts).argsort().tolist()
    # In prediction there is none, and the teacher has none.
    teacher = model.teacher.module.decode_head.class_head.conv_seg
    assert not teacher._forward_hooks


def test_gated_labels_need_a_sure_subclass_branch(build):
    model, data = build('ConfidentGateUSRN')
    images = data['inputs']['unsup_weak']
    # At initialisation neither branch is sure: sharpen the subclass branch.
    with torch.no_grad():
        model.decode_head.subclass_head.conv_seg.weight.mul_(200)
    plain = USRN.choose_labels(model, *model.forward_weak(images))
    assert plain.class_mask.all() and plain.gate.any()
    # The class of every subclass: 0, 0, 1, 1, 2, 2, 3, 3.
    prob = model.forward_dual(images)[1].softmax(dim=1)
    classes = prob.unflatten(1, (4, 2)).sum(dim=2)
    own = classes.gather(1, plain.parents.unsqueeze(1))[:, 0]
    model.gate_threshold = own[plain.gate].median().item()
    pseudo = model.get_pseudo_labels(images)
    assert pseudo.classes.equal(plain.classes)
    sure = own > model.gate_threshold
    assert sure[plain.gate].any() and not sure[plain.gate].all()
    assert pseudo.class_mask.equal(~plain.gate | sure)


def test_marginal_learns_classes_instead_of_subclasses(build):
    model, data = build('MarginalUSRN')
    # At initialisation all eight subclasses are about equally likely.
    model.threshold = 0.25
    inputs = data['inputs']
    logits = model.forward_weak(inputs['unsup_weak'])
    pseudo = model.choose_labels(*logits)
    assert not USRN.choose_labels(model, *logits).subclass_mask.any()
    # The class of every subclass: 0, 0, 1, 1, 2, 2, 3, 3.
    weak, strong = (
        model.forward_dual(inputs[view])[1].softmax(dim=1)
        for view in ('unsup_weak', 'unsup_strong')
    )
    weak, strong = (p.unflatten(1, (4, 2)).sum(dim=2) for p in (weak, strong))
    own = pseudo.parents.unsqueeze(1)
    mask = weak.gather(1, own)[:, 0] > 0.25
    assert mask.any() and pseudo.subclass_mask.equal(mask)
    expected = -strong.gather(1, own)[:, 0].log()[mask].sum() / mask.numel()
    loss = model.loss(**data)['unsup_subclass.loss_ce']
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert model.decode_head.subclass_head.conv_seg.weight.grad.any()
