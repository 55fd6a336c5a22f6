"""The paper config's network against the original's: evaluation, two steps."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from mmseg_usrn.engine.distributed import replace_sync_bn
from mmseg_usrn.engine.feature_extraction import _grid_features
from mmseg_usrn.models.checkpoints.original import (
    from_reference,
    key_table,
    to_reference,
)
from mmseg_usrn.structures import IGNORED_SUBCLASS

CONFIG = 'configs/usrn/paper/paper_voc_1over32.py'
# What is stored of each evaluation output.
STORED = {
    'eval_feature': np.s_[:, ::8, ::3, ::3],
    'eval_sub_feature': np.s_[:, ::8, ::3, ::3],
    'eval_logits': np.s_[:],
    'eval_sub_logits': np.s_[:, ::4],
    'eval_full_logits': np.s_[:, :, ::4, ::4],
}


@pytest.fixture(scope='module')
def config(project_root, network):
    """The paper's config with the goldens' numbers of classes."""
    cfg = Config.fromfile(project_root / CONFIG)
    init_default_scope('mmseg')
    replace_sync_bn(cfg.model)
    counts = network['split_list']
    cfg.model.decode_head.num_classes = len(counts)
    cfg.model.num_subclasses = int(counts.sum())
    cfg.model.threshold = 0.5  # of the goldens' training steps
    return cfg


@pytest.fixture
def model(config, network, rule_made_weights):
    """The segmentor with the rule-made weights, strictly loaded."""
    counts = network['split_list'].tolist()
    built = MODELS.build(config.model)
    built.load_state_dict(from_reference(rule_made_weights, counts))
    return built


def test_converter_names_all_tensors(network_shapes):
    assert set(key_table(50, 'usrn')) == set(network_shapes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ('dtype', 'tolerance'), [(torch.float64, 2e-7), (torch.float32, 1e-5)]
)
def test_evaluation(model, network, dtype, tolerance):
    """Stored values are rounded to float32: 1.2e-7 of their maximum."""
    model.to(dtype).eval()
    outputs = _evaluate(
        model, torch.from_numpy(network['eval_input']).to(dtype)
    )
    for name, index in STORED.items():
        expected = torch.from_numpy(network[name]).to(dtype)
        error = (outputs[name][index] - expected).abs().max()
        assert error <= tolerance * expected.abs().max(), name


@pytest.mark.slow
def test_two_training_steps(model, config, network, rule_made_weights):
    model.to(torch.float64).train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    _fill_table(model, network)
    optimizer = build_optim_wrapper(model, config.optim_wrapper)
    for step in range(2):
        losses = model.loss(*_batch(network))
        total, _ = model.parse_losses(losses)
        total.backward()
        for name, ours in (
            ('Ls', losses['sup_class.loss_ce']),
            ('Ls_sub', losses['sup_subclass.loss_ce']),
            ('Lu_sub', losses['unsup_subclass.loss_ce']),
            ('Lu_reg', losses['unsup_class.loss_ce']),
            ('total', total),
        ):
            expected = float(network[f'step{step}_{name}'])
            assert ours.item() == pytest.approx(expected, rel=1e-8), name
        norms = _gradient_norms(model, network['param_names'])
        expected = network[f'step{step}_grad_norms']
        error = np.abs(norms - expected)
        assert np.linalg.norm(error) <= 1e-8 * np.linalg.norm(expected)
        # Rounding grows: inputs changed by 1e-15 move single norms of the
        # second step by 1.2e-8 (two-image BatchNorm after the pooling).
        assert (error / expected).max() <= (1e-8, 5e-8)[step]
        optimizer.step()
        optimizer.zero_grad()
    updated = to_reference(model.state_dict())
    compared = 0
    for name, expected in network.items():
        if name.startswith('after2/'):
            ours = updated[name.removeprefix('after2/')].flatten()
            ours = ours[:: max(1, ours.numel() // 500)].numpy()
            scale = np.abs(expected).max()
            np.testing.assert_allclose(
                ours, expected, rtol=0, atol=1e-8 * scale, err_msg=name
            )
            compared += 1
    assert compared > 0
    # Labeled, strong and weak pass, twice.
    key = 'encoder.backbone.layer4_aux.2.bn3.num_batches_tracked'
    assert updated[key] == 6


def test_clustered_features_are_at_stride_8(model):
    """Where nothing is padded: the original's halving of the feature map."""
    model.eval()
    image = torch.randn(1, 3, 64, 96)
    sample = SegDataSample(metainfo=dict(img_shape=(64, 96)))
    ours = _grid_features(model, image, sample, 8, 12)
    feature = model.extract_pixel_features(image)
    halved = resize(
        feature, scale_factor=0.5, mode='bilinear', align_corners=True
    )
    torch.testing.assert_close(ours, halved[0].flatten(1).T)


def _evaluate(model, image):
    head = model.decode_head
    with torch.no_grad(), _classifier_inputs(head) as inputs:
        feats, subclass_feats = model.extract_dual_feat(image)
        logits = head.class_head(feats)
        sub_logits = head.subclass_head(subclass_feats)
    with torch.no_grad():
        size = tuple(image.shape[2:])
        full = model.encode_decode(image, [dict(img_shape=size)])
    return dict(
        eval_feature=inputs[0],
        eval_sub_feature=inputs[1],
        eval_logits=logits,
        eval_sub_logits=sub_logits,
        eval_full_logits=full,
    )


@contextmanager
def _classifier_inputs(head):
    inputs = []
    hooks = [
        part.conv_seg.register_forward_pre_hook(
            lambda module, args: inputs.append(args[0])
        )
        for part in (head.class_head, head.subclass_head)
    ]
    yield inputs
    for hook in hooks:
        hook.remove()


def _fill_table(model, network):
    """Consecutive subclasses; the labels come from the goldens."""
    table = model.subclass_table
    table.fill(
        subclass_to_class=table.subclass_to_class,
        prototypes=torch.zeros(table.num_subclasses, 1),
        prices=torch.zeros(table.num_subclasses),
        cells_per_image=torch.ones(1, dtype=torch.int64),
        cell_subclass=torch.zeros(1, dtype=torch.int32),
        dominant_subclass=torch.zeros(1, table.num_classes, dtype=torch.int32),
    )
    labels = torch.from_numpy(network['train_target_sub'].astype(np.int64))
    labels[labels == 255] = IGNORED_SUBCLASS
    model.get_subclass_labels = lambda data_samples: labels


def _batch(network):
    names = dict(
        sup='train_labeled',
        unsup_weak='train_weak',
        unsup_strong='train_strong',
    )
    inputs = {
        branch: torch.from_numpy(network[name]).to(torch.float64)
        for branch, name in names.items()
    }
    target = torch.from_numpy(network['train_target'].astype(np.int64))
    samples = [
        SegDataSample(gt_sem_seg=PixelData(data=image[None]))
        for image in target
    ]
    return inputs, dict(sup=samples, unsup_weak=[])


def _gradient_norms(model, reference_names):
    ours = key_table(50, 'usrn')
    parameters = dict(model.named_parameters())
    return np.array(
        [
            parameters[ours[str(name)]].grad.norm().item()
            for name in reference_names
        ]
    )
