#!/usr/bin/env bash
# Features of several blocks of MMPretrain 1.3.6's VisionTransformer, with
# final_norm=True: only those of the last block are normalised.
#
# A dense head that reads four blocks of a DINOv2 gets three raw residual
# streams and one normalised map, of another scale. DINOv2's own
# get_intermediate_layers normalises every block that it returns. Said
# nowhere; shapes and types are as expected, and a training runs. Seen with
# random weights, mean standard deviation over the channels of a token times
# ten: block 2 differs from 10, block 11 is 10; block 2 is what the block has
# put out, unchanged to the bit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onedl-mmpretrain==1.3.6 \
    onedl-mmcv==2.3.6 onedl-mmengine==0.10.12 torch==2.12.1 \
    torchvision==0.27.1 'numpy<2.3' 'setuptools<81'
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch
from mmpretrain.models.backbones import VisionTransformer

torch.manual_seed(0)
model = VisionTransformer(
    'dinov2-small', img_size=56, patch_size=14, out_indices=[2, 11],
    out_type='featmap', final_norm=True, layer_scale_init_value=1.0,
)
model.init_weights()
model.eval()
raw = {}
for index in (2, 11):
    model.layers[index].register_forward_hook(
        lambda block, inputs, output, index=index: raw.update({index: output})
    )
with torch.no_grad():
    outputs = model(10 * torch.randn(1, 3, 56, 56))
for index, output in zip((2, 11), outputs):
    tokens = output.flatten(2).transpose(1, 2)  # 16 patches, 384 channels
    assert tokens.shape == (1, 16, 384)
    unchanged = torch.equal(tokens, raw[index][:, 1:])
    normalised = torch.equal(tokens, model.ln1(raw[index])[:, 1:])
    spread = 10 * tokens.std(2, unbiased=False).mean().item()
    print(f'block {index}: unchanged {unchanged}, normalised {normalised}, '
          f'{spread:.1f}')
    assert (unchanged, normalised) == (index == 2, index == 11)
    assert (abs(spread - 10) < 0.1) == (index == 11)
PYTHON
