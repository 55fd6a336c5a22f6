"""DINOv2's features against its formula."""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mmseg_usrn.models.backbones import DINOv2

SMALL = dict(embed_dims=8, num_layers=3, num_heads=2, feedforward_channels=16)


@pytest.fixture
def backbone() -> DINOv2:
    torch.manual_seed(0)
    config = dict(type='DINOv2', arch=SMALL, img_size=56, out_indices=(0, 2))
    backbone = MODELS.build(config)
    backbone.eval()
    with torch.no_grad():
        for parameter in backbone.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return backbone


def blocks(backbone: DINOv2, images: torch.Tensor) -> list[torch.Tensor]:
    """Tokens (N, 1 + L, C) after each block."""
    tokens = backbone.patch_embed.projection(images).flatten(2).mT
    first = backbone.cls_token.expand(len(images), -1, -1)
    tokens = torch.cat([first, tokens], 1) + backbone.pos_embed
    outputs = []
    for layer in backbone.layers:
        tokens = layer(tokens)
        outputs.append(tokens)
    return outputs


def test_every_output_is_normalized(backbone):
    """Not the last alone, and the last one once."""
    images = torch.randn(2, 3, 56, 56)
    tokens = blocks(backbone, images)
    outputs = backbone(images)
    assert len(outputs) == 2
    for (patches, class_token), index in zip(outputs, (0, 2), strict=True):
        norm = backbone.ln1
        expected = F.layer_norm(tokens[index], (8,), norm.weight, norm.bias)
        torch.testing.assert_close(
            class_token, expected[:, 0], rtol=1e-4, atol=1e-4
        )
        assert patches.shape == (2, 8, 4, 4)
        torch.testing.assert_close(
            patches.flatten(2).mT, expected[:, 1:], rtol=1e-4, atol=1e-4
        )


def test_sides_need_not_be_those_of_the_position_embedding(backbone):
    patches, class_token = backbone(torch.randn(1, 3, 70, 43))[-1]
    assert patches.shape == (1, 8, 5, 4)
    assert class_token.shape == (1, 8)


def test_the_last_block_of_each_quarter():
    arch = dict(
        embed_dims=32, num_layers=8, num_heads=2, feedforward_channels=64
    )
    found = MODELS.build(dict(type='DINOv2', arch=arch, img_size=28))
    assert list(found.out_indices) == [1, 3, 5, 7]


WITHOUT = """
import sys
sys.modules['mmpretrain'] = None
import mmseg_usrn
from mmseg.registry import MODELS
try:
    MODELS.build(dict(type='mmseg.DINOv2'))
except Exception as error:
    print(error)
"""


def test_only_this_backbone_needs_mmpretrain():
    command = [sys.executable, '-W', 'ignore', '-c', WITHOUT]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 'DINOv2 needs MMPretrain: install' in said.stdout
