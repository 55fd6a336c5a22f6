"""The converted file gives the features of the published one."""

import importlib.util
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

import mmseg_usrn  # noqa: F401  (registers the package)

TOOL = (
    Path(__file__).resolve().parents[2]
    / 'tools/model_converters/dinov2_to_mmpretrain.py'
)
WIDTH, BLOCKS, HEADS = 384, 12, 6


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('dinov2_converter', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def published() -> dict[str, torch.Tensor]:
    """Random weights in the layout of dinov2_vits14_pretrain.pth."""
    shapes = dict(
        cls_token=(1, 1, WIDTH),
        pos_embed=(1, 1370, WIDTH),
        mask_token=(1, WIDTH),
    )
    shapes['patch_embed.proj.weight'] = (WIDTH, 3, 14, 14)
    shapes['patch_embed.proj.bias'] = shapes['norm.bias'] = (WIDTH,)
    shapes['norm.weight'] = (WIDTH,)
    for i in range(BLOCKS):
        for name, rows, columns in (
            ('attn.qkv', 3 * WIDTH, WIDTH),
            ('attn.proj', WIDTH, WIDTH),
            ('mlp.fc1', 4 * WIDTH, WIDTH),
            ('mlp.fc2', WIDTH, 4 * WIDTH),
        ):
            shapes[f'blocks.{i}.{name}.weight'] = (rows, columns)
            shapes[f'blocks.{i}.{name}.bias'] = (rows,)
        for name in (
            *('norm1.weight', 'norm1.bias', 'norm2.weight', 'norm2.bias'),
            *('ls1.gamma', 'ls2.gamma'),
        ):
            shapes[f'blocks.{i}.{name}'] = (WIDTH,)
    torch.manual_seed(0)
    return {name: 0.05 * torch.randn(shape) for name, shape in shapes.items()}


def linear(weights, name, x):
    return F.linear(x, weights[f'{name}.weight'], weights[f'{name}.bias'])


def norm(weights, name, x):
    scale, shift = weights[f'{name}.weight'], weights[f'{name}.bias']
    return F.layer_norm(x, (WIDTH,), scale, shift, eps=1e-6)


def attention(weights, name, x):
    """Softmax of the scaled products of queries and keys."""
    parts = linear(weights, f'{name}.qkv', x).unflatten(-1, (3, HEADS, -1))
    queries, keys, values = parts.permute(2, 0, 3, 1, 4)
    scores = queries @ keys.mT / (WIDTH // HEADS) ** 0.5
    mixed = (scores.softmax(-1) @ values).transpose(1, 2).flatten(2)
    return linear(weights, f'{name}.proj', mixed)


def reference(weights, images) -> list[torch.Tensor]:
    """Normalized tokens (N, 1370, C) after every block."""
    tokens = F.conv2d(
        images,
        weights['patch_embed.proj.weight'],
        weights['patch_embed.proj.bias'],
        stride=14,
    )
    first = weights['cls_token'].expand(len(images), -1, -1)
    x = torch.cat([first, tokens.flatten(2).mT], 1) + weights['pos_embed']
    outputs = []
    for i in range(BLOCKS):
        at = f'blocks.{i}'
        update = attention(
            weights, f'{at}.attn', norm(weights, f'{at}.norm1', x)
        )
        x = x + weights[f'{at}.ls1.gamma'] * update
        update = F.gelu(
            linear(weights, f'{at}.mlp.fc1', norm(weights, f'{at}.norm2', x))
        )
        update = linear(weights, f'{at}.mlp.fc2', update)
        x = x + weights[f'{at}.ls2.gamma'] * update
        outputs.append(norm(weights, 'norm', x))
    return outputs


@torch.no_grad()
def test_features_are_those_of_the_published_weights(
    tool, published, tmp_path
):
    init_default_scope('mmseg')
    source, target = tmp_path / 'vits14.pth', tmp_path / 'out/s14.pth'
    torch.save(published, source)
    tool.main([str(source), str(target)])
    weights = dict(
        type='Pretrained', checkpoint=str(target), prefix='backbone.'
    )
    backbone = MODELS.build(dict(type='DINOv2', init_cfg=weights))
    backbone.eval()
    backbone.init_weights()
    images = torch.randn(1, 3, 518, 518)
    expected = reference(published, images)
    for (patches, class_token), index in zip(
        backbone(images), (2, 5, 8, 11), strict=True
    ):
        torch.testing.assert_close(
            patches.flatten(2).mT, expected[index][:, 1:], rtol=1e-4, atol=1e-5
        )
        torch.testing.assert_close(
            class_token, expected[index][:, 0], rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(register_tokens=torch.zeros(1, 4, WIDTH)), 'register_tokens'),
        (dict(pos_embed=torch.zeros(1, 1370, 1536)), 'pos_embed has'),
        ({'norm.weight': torch.zeros(3)}, 'ln1.weight'),
    ],
)
def test_other_files_are_refused(tool, published, tmp_path, change, message):
    source, target = tmp_path / 'in.pth', tmp_path / 'out.pth'
    torch.save({**published, **change}, source)
    with pytest.raises(SystemExit, match=f'error: .*{message}'):
        tool.main([str(source), str(target)])
    assert not target.exists()


def test_a_file_without_position_embedding_is_refused(tool):
    """As that of DINOv3, which rotates queries and keys instead."""
    with pytest.raises(ValueError, match='DINOv2'):
        tool.convert({'rope_embed.periods': torch.zeros(16)})
