r"""Convert the published DINOv2 weights to MMPretrain's layout.

    python tools/model_converters/dinov2_to_mmpretrain.py \
        dinov2_vits14_pretrain.pth dinov2-s14.pth
    python tools/train.py configs/usrn/voc_92_dinov2-s14.py --cfg-options \
        model.backbone.init_cfg.checkpoint=dinov2-s14.pth

ViT-S/14, B/14 and L/14 without registers.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from mmpretrain.models.backbones import VisionTransformer
from torch import Tensor

from mmseg_usrn.apis.outputs import check_outputs
from mmseg_usrn.engine.run_config import add_trust_argument
from mmseg_usrn.models.checkpoints import read_checkpoint

ARCHS = {384: 'dinov2-small', 768: 'base', 1024: 'large'}
"""MMPretrain's name of a size by its width."""
RENAMED = (
    (r'^patch_embed\.proj\.', 'patch_embed.projection.'),
    (r'^norm\.', 'ln1.'),
    (r'^blocks\.', 'layers.'),
    (r'\.norm([12])\.', r'.ln\1.'),
    (r'\.ls1\.gamma$', '.attn.gamma1.weight'),
    (r'\.ls2\.gamma$', '.ffn.gamma2.weight'),
    (r'\.mlp\.fc1\.', '.ffn.layers.0.0.'),
    (r'\.mlp\.fc2\.', '.ffn.layers.1.'),
)
"""Patterns of the published names and what replaces them, in this order."""


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('input', type=Path, help='published file')
    parser.add_argument('output', type=Path, help='file to write')
    parser.add_argument(
        '--force', action='store_true', help='overwrite the output'
    )
    add_trust_argument(parser)
    return parser.parse_args(argv)


def convert(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of a published file.

    Args:
        weights: Tensors by their published names.

    Returns:
        The same tensors by MMPretrain's names. The mask token, which only
        the pretraining uses, is left out.

    Raises:
        ValueError: If they are not those of a DINOv2 that MMPretrain has.
    """
    converted = {}
    for name, value in weights.items():
        if name != 'mask_token':
            for pattern, replacement in RENAMED:
                name = re.sub(pattern, replacement, name)
            converted[name] = value
    _check(converted)
    return converted


def _check(converted: Mapping[str, Tensor]) -> None:
    position = converted.get('pos_embed', torch.empty(0))
    arch = ARCHS.get(position.shape[-1])
    if position.dim() != 3 or arch is None:
        raise ValueError(
            'these are not the weights of DINOv2 ViT-S/14, B/14 or L/14: '
            f'pos_embed has the shape {tuple(position.shape)}, expected '
            '(1, 1370, C) with C = 384, 768 or 1024'
        )
    with torch.device('meta'):
        model = VisionTransformer(
            arch, 518, patch_size=14, layer_scale_init_value=1e-5
        )
    expected = model.state_dict()
    wrong = [
        name
        for name in sorted({*expected, *converted})
        if name not in expected
        or name not in converted
        or expected[name].shape != converted[name].shape
    ]
    if wrong:
        raise ValueError(
            f'{len(wrong)} weights are missing, unknown or of another size '
            f'than in DINOv2 of width {position.shape[-1]}, such as '
            f'{", ".join(wrong[:3])}; variants with registers and DINOv3 are '
            'not supported'
        )


def main(argv: Sequence[str] | None = None) -> None:
    """Convert one file."""
    args = parse_args(argv)
    try:
        check_outputs([args.output], args.force)
        content = read_checkpoint(str(args.input), trust=args.trust_checkpoint)
        converted = convert(content)
        # As in files of MMPretrain, the weights of a classifier's backbone.
        state_dict = {f'backbone.{k}': v for k, v in converted.items()}
        args.output.parent.mkdir(parents=True, exist_ok=True)
        torch.save(dict(state_dict=state_dict), args.output)
    except (ValueError, OSError) as error:
        raise SystemExit(f'error: {error}') from error
    print(f'{args.output}: {len(state_dict)} tensors')


if __name__ == '__main__':
    main()
