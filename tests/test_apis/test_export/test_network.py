"""The network that is exported, and how it is compared."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmseg.models.utils import Upsample, resize
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from mmseg_usrn.apis import build_class_branch
from mmseg_usrn.apis.export.checks import Dynamic, compare, export_checked
from mmseg_usrn.apis.export.network import (
    ExportedNetwork,
    ExportOptions,
    adaptive_pool,
    any_size,
)


@pytest.mark.parametrize('size', [1, 2, 3, 6, (None, 3), (4, None)])
@pytest.mark.parametrize('shape', [(7, 13), (12, 6), (2, 1)])
def test_adaptive_pooling_is_pytorchs(size, shape):
    x = torch.randn(2, 3, *shape, dtype=torch.float64)
    expected = F.adaptive_avg_pool2d(x, size)
    torch.testing.assert_close(adaptive_pool(x, size), expected)


def test_layers_compute_the_same_in_a_form_of_any_size():
    x = torch.randn(1, 4, 6, 10)
    tokens = torch.randn(7, 2, 4)
    attention = nn.MultiheadAttention(4, 2).eval()
    layers = (
        lambda: nn.AdaptiveAvgPool2d((2, 3))(x),
        lambda: Upsample(scale_factor=2, mode='bilinear')(x),
        lambda: resize(x, (9, 7), mode='bilinear', align_corners=True),
        lambda: attention(tokens, tokens, tokens)[0],
        lambda: attention(tokens, tokens[:3], tokens[:3])[0],
    )
    before = [layer() for layer in layers]
    code = resize.__code__
    with any_size():
        inside = [layer() for layer in layers]
        assert resize.__code__ is not code
    assert resize.__code__ is code
    for ours, theirs in zip(inside, before, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_it_computes_what_inference_does(trained):
    model = build_class_branch(*trained)
    model.data_preprocessor.test_cfg = dict(size_divisor=16)
    model.data_preprocessor._channel_conversion = True
    network = ExportedNetwork(model, ExportOptions(preprocessing=True))
    image = torch.randint(256, (3, 45, 70))
    meta = dict(ori_shape=(45, 70), img_shape=(45, 70))
    data = dict(inputs=[image], data_samples=[SegDataSample(metainfo=meta)])
    (sample,) = model.test_step(data)
    labels = ExportedNetwork(
        model, ExportOptions(preprocessing=True, argmax=True)
    )
    with torch.no_grad():
        logits = network(image[None].float())
        found = labels(image[None].float())
    expected = sample.seg_logits.data
    torch.testing.assert_close(logits[0], expected)
    assert torch.equal(found[0], expected.argmax(0))


def test_one_output_for_two_classes_has_no_argmax(trained):
    model = build_class_branch(*trained)
    model.out_channels, model.decode_head.threshold = 1, 0.3
    with pytest.raises(ValueError, match=r'threshold 0.3 after a sigmoid'):
        ExportedNetwork(model, ExportOptions(argmax=True))


@pytest.fixture
def network(trained):
    model = build_class_branch(*trained)
    return ExportedNetwork(model, ExportOptions((32, 48)))


def test_sizes_that_are_compared(network):
    """None is the recorded one, one is odd."""
    seen = []

    def run(image):
        seen.append(image.shape)
        with torch.no_grad():
            return network(torch.from_numpy(image)).numpy()

    outcome = compare(run, network, Dynamic())
    assert outcome.difference == 0
    assert outcome.shapes == tuple(seen)
    assert seen == [(1, 3, 32, 48), (2, 3, 77, 131), (3, 3, 128, 80)]
    seen.clear()
    compare(run, network, Dynamic(batch=False, size=False))
    assert seen == [(1, 3, 32, 48)]


def test_differences_of_logits_and_of_classes(network):
    """As a share of the largest logit: by hand."""
    logits = torch.tensor([4.0, 3.0, -8.0, 0.0])[None, :, None, None]
    network.logits = lambda image: logits
    sample = torch.zeros(1, 1, 1)
    fixed = Dynamic(batch=False, size=False)

    def difference(found):
        return compare(lambda _: found.numpy(), network, fixed).difference

    assert difference(logits + sample) == 0
    assert difference(logits + 0.5) == pytest.approx(0.5 / 8)
    assert difference(torch.zeros(1, 1, 1).long()) == 0
    assert difference(torch.ones(1, 1, 1).long()) == pytest.approx(1 / 8)


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_outputs_that_are_no_numbers_are_refused(network, value):
    def load():
        return lambda image: np.full((len(image), 4, 32, 48), value, 'f4')

    with pytest.raises(ValueError, match='cannot be exported'):
        export_checked(network, lambda dynamic: None, load)
    network.logits = lambda image: torch.zeros(len(image), 4, 32, 48)
    found = np.zeros((1, 4, 32, 48), 'f4')
    fixed = Dynamic(batch=False, size=False)
    assert compare(lambda _: found, network, fixed).difference == torch.inf


def test_a_wrong_output_is_not_accepted(network):
    """What is right at one size only is exported with that size."""
    tried = []

    def load():
        def run(image):
            with torch.no_grad():
                logits = network(torch.from_numpy(image)).numpy()
            return logits * (1 + 0.1 * (image.shape[2:] != (32, 48)))

        return run

    outcome = export_checked(network, tried.append, load)
    assert tried == [Dynamic(), Dynamic(size=False)]
    assert outcome.dynamic == Dynamic(size=False)
    assert 'differs by 0.1' in outcome.reason


def test_odd_sizes_that_the_file_does_not_take(network):
    def load():
        def run(image):
            if image.shape[2] % 32:
                raise OSError('odd')
            with torch.no_grad():
                return network(torch.from_numpy(image)).numpy()

        return run

    outcome = export_checked(network, lambda dynamic: None, load)
    assert outcome.dynamic == Dynamic(multiple=32)
    assert outcome.reason == 'OSError: odd'
    assert [shape[2:] for shape in outcome.shapes] == [
        (32, 32),
        (64, 128),
        (128, 64),
    ]


def test_what_is_never_right_is_refused(network):
    def load():
        raise OSError('no\nmore')

    with pytest.raises(ValueError, match='cannot be exported: OSError: no$'):
        export_checked(network, lambda dynamic: None, load)


def test_random_numbers_are_named(network):
    plain = network.logits

    def load():
        return lambda image: torch.randn(1, 4, *image.shape[2:]).numpy()

    network.logits = lambda image: plain(image) + torch.randn(1)
    with pytest.raises(ValueError, match='it draws random numbers'):
        export_checked(network, lambda dynamic: None, load)


def test_pooling_of_a_psp_head_follows_the_size():
    """Recorded at one size it is right at another."""
    head = MODELS.build(
        dict(
            type='PSPHead',
            in_channels=4,
            channels=4,
            num_classes=2,
            align_corners=False,
            norm_cfg=dict(type='BN'),
        )
    ).eval()
    nn.init.normal_(head.conv_seg.weight)
    small, large = torch.randn(1, 4, 9, 9), torch.randn(1, 4, 14, 17)
    with any_size(), torch.no_grad():
        traced = torch.jit.trace(
            head.forward, ([small],), check_trace=False, strict=False
        )
        found = traced([large])
    with torch.no_grad():
        torch.testing.assert_close(found, head([large]))
