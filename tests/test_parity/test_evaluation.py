"""From a file of the original to painted predictions."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from PIL import Image

from mmseg_usrn.engine.distributed import replace_sync_bn
from mmseg_usrn.models.checkpoints.original import to_reference

CONFIG = 'configs/usrn/paper/paper_voc_1over32.py'
NARROW = {
    'model.backbone.base_channels': 4,
    'model.backbone.init_cfg': None,
    'model.decode_head.in_channels': 128,
    'model.decode_head.channels': 8,
    'model.decode_head.c1_in_channels': 16,
}
MEAN = torch.tensor([123.675, 116.28, 103.53])[:, None, None]
STD = torch.tensor([58.395, 57.12, 57.375])[:, None, None]


@pytest.fixture
def model(project_root):
    """The paper's network, narrow and untrained."""
    cfg = Config.fromfile(project_root / CONFIG)
    cfg.merge_from_dict(NARROW)
    init_default_scope('mmseg')
    replace_sync_bn(cfg.model)
    torch.manual_seed(0)
    built = MODELS.build(cfg.model)
    table = built.subclass_table
    table.subclass_to_class = torch.repeat_interleave(
        torch.arange(21), torch.tensor(cfg.run.hook.subclasses_per_class)
    )
    built.init_weights()
    # Statistics of the normalisation, so that the predictions vary.
    for _ in range(20):
        built(torch.randn(2, 3, 96, 96), mode='tensor')
    return built.eval()


@pytest.fixture
def original_file(model, tmp_path):
    """The network as the original saves it."""
    weights = to_reference(model.state_dict())
    torch.save(
        dict(
            arch='USRN',
            epoch=3,
            state_dict={f'module.{k}': v for k, v in weights.items()},
            monitor_best=np.float64(0.5),
        ),
        tmp_path / 'best_model.pth',
    )
    return tmp_path / 'best_model.pth'


def predict_as_the_original(model, path):
    """Reflect after normalisation, crop the logits, take the arg-max."""
    image = torch.from_numpy(np.array(Image.open(path))).movedim(2, 0)
    image = ((image - MEAN) / STD)[None]
    height, width = image.shape[2:]
    padding = (0, -width % 8, 0, -height % 8)
    padded = F.pad(image, padding, mode='reflect')
    with torch.no_grad():
        logits = F.interpolate(
            model(padded, mode='tensor'),
            size=padded.shape[2:],
            mode='bilinear',
            align_corners=True,
        )
    return logits[0, :, :height, :width].argmax(dim=0)


@pytest.mark.slow
def test_file_of_the_original_is_evaluated_as_there(
    run_tool, project_root, voc_root, tmp_path, model, original_file
):
    run_tool(
        'model_converters/usrn2mmseg.py', original_file, tmp_path / 'ours.pth'
    )
    options = [f'{key}={value}' for key, value in NARROW.items()]
    done = run_tool(
        *('test.py', project_root / CONFIG, tmp_path / 'ours.pth'),
        *('--out', tmp_path / 'maps', '--show-dir', tmp_path / 'shown'),
        *('--cfg-options', *options),
        *('val_dataloader.num_workers=0', 'test_dataloader.num_workers=0'),
        'test_dataloader.persistent_workers=False',
        cwd=tmp_path,
    )
    assert 'mIoU' in done.stdout
    names = (voc_root / 'ImageSets/Segmentation/val.txt').read_text().split()
    for name in names:
        ours = np.array(Image.open(tmp_path / f'maps/{name}.png'))
        theirs = predict_as_the_original(
            model, voc_root / f'JPEGImages/{name}.jpg'
        )
        assert len(np.unique(ours)) > 1
        assert (ours != theirs.numpy()).mean() < 1e-3  # ties, JPEG decoders
    shown = list((tmp_path / 'shown').rglob('*.png'))
    assert len(shown) == len(names)
