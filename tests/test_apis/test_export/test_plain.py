"""Plain MMSegmentation models of trained ones."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.apis import inference_model, init_model
from PIL import Image

from mmseg_usrn.apis import build_class_branch
from mmseg_usrn.apis.export import export_model, plain_config, write_plain

# Blocks this package, and runs MMSeg's inferencer.
STRANGER = """
import sys
sys.modules['mmseg_usrn'] = None
import numpy as np
from mmseg.apis import MMSegInferencer
inferencer = MMSegInferencer(*sys.argv[1:3], device='cpu')
found = inferencer(sys.argv[3], return_datasamples=True)
np.save(sys.argv[4], found.seg_logits.data.numpy())
assert inferencer.model.dataset_meta['classes'][1] == 'one'
"""

# The same with MMSeg's test.
TESTER = """
import sys
sys.modules['mmseg_usrn'] = None
from mmengine.config import Config
from mmengine.runner import Runner
cfg = Config.fromfile(sys.argv[1])
cfg.update(load_from=sys.argv[2], work_dir='run')
cfg.test_evaluator['output_dir'] = 'maps'  # as --out does
cfg.default_hooks.visualization.draw = True  # as --show-dir does
assert 0 < Runner.from_cfg(cfg).test()['mIoU'] < 100
"""


def test_it_runs_without_this_package(trained, tmp_path):
    """Same logits, to the bit, as those of the whole model."""
    out = tmp_path / 'out'
    (config, weights, _), _ = export_model(*trained, 'mmseg', out)
    image, found = tmp_path / 'image.png', tmp_path / 'found.npy'
    pixels = np.random.default_rng(0).integers(0, 255, (45, 70, 3), np.uint8)
    Image.fromarray(pixels).save(image)
    done = subprocess.run(
        [sys.executable, '-c', STRANGER, config, weights, image, found],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    sample = inference_model(init_model(*trained, 'cpu'), str(image))
    assert np.array_equal(np.load(found), sample.seg_logits.data.numpy())


def test_mmseg_alone_tests_it(trained, tmp_path):
    """Of a run without validation images, on a folder that is filled in."""
    model = build_class_branch(*trained)
    test = model.cfg.test_dataloader.dataset
    test.type = 'UnlabeledDataset'
    test.pipeline = [s for s in test.pipeline if s.type != 'LoadAnnotations']
    model.cfg.test_evaluator = dict(
        type='ExactIoUMetric',
        iou_metrics=['mIoU'],
        format_only=True,
        output_dir=str(tmp_path / 'predictions'),
    )
    config, weights = tmp_path / 'plain.py', tmp_path / 'plain.pth'
    write_plain(model, config, weights)
    pixels = np.random.default_rng(0).integers(0, 4, (45, 70, 3), np.uint8)
    for folder, image in ('images', pixels), ('masks', pixels[..., 0]):
        (tmp_path / 'data' / folder).mkdir(parents=True)
        end = '.jpg' if folder == 'images' else '.png'
        Image.fromarray(image).save(tmp_path / 'data' / folder / f'a{end}')
    done = subprocess.run(
        [sys.executable, '-c', TESTER, config, weights],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert not (tmp_path / 'predictions').exists()


def test_settings_of_a_stock_test_are_kept(trained):
    model = build_class_branch(*trained)
    model.cfg.test_evaluator = [
        dict(type='ExactIoUMetric', iou_metrics=['mIoU', 'mFscore']),
        dict(type='CityscapesMetric', format_only=True, output_dir='out'),
    ]
    assert plain_config(model).test_evaluator == [
        dict(type='IoUMetric', iou_metrics=['mIoU', 'mFscore']),
        dict(type='CityscapesMetric', format_only=True, output_dir='out'),
    ]


def test_nothing_of_this_package_is_left(trained, tmp_path):
    out = tmp_path / 'out'
    (config, weights, card), _ = export_model(*trained, 'mmseg', out)
    assert set(out.iterdir()) == {config, weights, card}
    assert 'usrn' not in config.read_text().lower()
    names = torch.load(weights)['state_dict']
    assert all(n.startswith(('backbone.', 'decode_head.')) for n in names)
    cfg = Config.fromfile(config)
    assert cfg.model.type == 'EncoderDecoder'
    kinds = [step.type for step in cfg.test_dataloader.dataset.pipeline]
    assert kinds == ['LoadImageFromFile', 'LoadAnnotations', 'PackSegInputs']


def test_own_datasets_masks_and_losses_become_stock_ones(trained):
    model = build_class_branch(*trained)
    dataset = model.cfg.test_dataloader.dataset
    dataset.type = 'FolderSegDataset'
    dataset.pipeline[1].type = 'LoadColorMasks'
    model.cfg.model.decode_head.loss_decode = dict(
        type='ValidPixelCrossEntropyLoss', loss_weight=0.5
    )
    cfg = plain_config(model)
    assert cfg.test_dataloader.dataset.type == 'BaseSegDataset'
    classes = cfg.test_dataloader.dataset.metainfo['classes']
    assert classes == ('ground', 'one', 'two', 'three')
    assert cfg.test_pipeline[1] == dict(type='LoadAnnotations')
    assert cfg.model.decode_head.loss_decode == dict(
        type='CrossEntropyLoss', loss_weight=0.5
    )


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (
            lambda cfg: cfg.model.decode_head.update(type='DeepLabV3PlusHead'),
            'the model has DeepLabV3PlusHead, which MMSeg.* export to onnx',
        ),
        (
            lambda cfg: cfg.test_dataloader.dataset.pipeline.insert(
                1, dict(type='ReflectPad')
            ),
            'the images are loaded with ReflectPad',
        ),
    ],
)
def test_what_mmseg_lacks_is_refused(trained, change, message):
    model = build_class_branch(*trained)
    change(model.cfg)
    with pytest.raises(ValueError, match=message):
        plain_config(model)


def test_imports_of_others_are_kept(trained):
    model = build_class_branch(*trained)
    model.cfg.custom_imports.imports = ['mmseg_usrn', 'mmpretrain.models']
    imports = plain_config(model).custom_imports.imports
    assert imports == ['mmpretrain.models']


def test_nothing_is_overwritten(trained, tmp_path):
    weights = tmp_path / 'toy.pth'
    before = weights.read_bytes()
    with pytest.raises(ValueError, match=r'toy.py.*toy.pth would be overwri'):
        export_model(*trained, 'mmseg', tmp_path)
    assert weights.read_bytes() == before
