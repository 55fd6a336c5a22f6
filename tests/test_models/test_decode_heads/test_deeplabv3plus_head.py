import math

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from mmseg_usrn.models.decode_heads import DeepLabV3PlusHead


def make_head(**overrides):
    settings = dict(
        in_channels=32,
        in_index=1,
        channels=16,
        c1_in_channels=8,
        c1_channels=4,
        num_classes=5,
        norm_cfg=dict(type='BN'),
    )
    return DeepLabV3PlusHead(**{**settings, **overrides})


@pytest.fixture
def maps():
    torch.manual_seed(0)
    return [torch.rand(2, 8, 20, 24), torch.rand(2, 32, 5, 6)]


def test_size_is_that_of_the_original():
    """15.535 M (ASPP) + 1.304 M (decoder) + 256*21+21, REFERENCE section 1."""
    head = MODELS.build(
        dict(
            type='DeepLabV3PlusHead',
            in_channels=2048,
            in_index=1,
            channels=256,
            c1_in_channels=256,
            num_classes=21,
            norm_cfg=dict(type='BN'),
        )
    )
    count = sum(p.numel() for p in head.parameters())
    assert count == pytest.approx(15.535e6 + 1.304e6 + 256 * 21 + 21, abs=1e3)


def test_feature_is_at_the_low_level_size_and_non_negative(maps):
    head = make_head().eval()
    feature = head._forward_feature(maps)
    assert feature.shape == (2, 16, 20, 24)
    assert feature.min() == 0
    assert head(maps).shape == (2, 5, 20, 24)


def test_dropout_hits_single_elements():
    head = make_head()
    dropouts = [m for m in head.modules() if 'Dropout' in type(m).__name__]
    assert {type(m) for m in dropouts} == {nn.Dropout}
    assert sorted(m.p for m in dropouts) == [0.1, 0.5, 0.5]


def test_initial_weights_are_kaiming_fan_in():
    torch.manual_seed(0)
    head = make_head(in_channels=256, channels=64)
    head.init_weights()
    for name, module in head.named_modules():
        if isinstance(module, nn.Conv2d):
            fan_in = module.weight[0].numel()
            deviation = module.weight.std().item() * math.sqrt(fan_in / 2)
            error = 5 / math.sqrt(2 * module.weight.numel())
            assert deviation == pytest.approx(1, abs=error), name
    assert head.conv_seg.bias.abs().max() <= 1 / math.sqrt(64)


def test_initial_weights_are_drawn_once():
    head = make_head()
    head.init_weights()
    before = head.conv_seg.weight.clone()
    head.init_weights()
    torch.testing.assert_close(head.conv_seg.weight, before, rtol=0, atol=0)


def test_own_init_cfg_replaces_the_initial_weights():
    head = make_head(init_cfg=dict(type='Constant', val=0.5, layer='Conv2d'))
    head.init_weights()
    assert (head.conv_seg.weight == 0.5).all()


def test_loss_is_the_mean_over_valid_pixels(maps):
    head = make_head().eval()
    labels = torch.randint(0, 5, (2, 1, 40, 48))
    labels[:, :, :30] = 255
    samples = [
        SegDataSample(gt_sem_seg=PixelData(data=label)) for label in labels
    ]
    logits = head(maps)
    loss = head.loss_by_feat(logits, samples)['loss_ce']
    full = nn.functional.interpolate(
        logits, size=(40, 48), mode='bilinear', align_corners=True
    )
    expected = nn.functional.cross_entropy(
        full, labels.squeeze(1), ignore_index=255
    )
    torch.testing.assert_close(loss, expected)


def test_head_without_low_level_map_is_refused():
    with pytest.raises(ValueError, match='use ASPPHead'):
        make_head(c1_in_channels=0)
