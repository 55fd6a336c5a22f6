"""Trained models and images for what users do with them."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS


@pytest.fixture
def trained(toy_config, tmp_path):
    """Config file and checkpoint of a USRN with random weights."""
    init_default_scope('mmseg')
    toy_config.test_pipeline = toy_config.test_dataloader.dataset.pipeline
    toy_config.visualizer = dict(type='SegLocalVisualizer')
    toy_config.custom_imports = dict(imports=['mmseg_usrn'])
    config, checkpoint = tmp_path / 'toy.py', tmp_path / 'toy.pth'
    toy_config.dump(config)
    torch.manual_seed(0)
    model = MODELS.build(toy_config.model)
    model.init_weights()
    # Else the classifier, whose weights are small, sees one class alone.
    torch.nn.init.normal_(model.decode_head.class_head.conv_seg.weight)
    meta = dict(
        dataset_meta=dict(
            classes=('ground', 'one', 'two', 'three'),
            palette=[[0, 0, 0], [250, 0, 0], [0, 250, 0], [0, 0, 250]],
        )
    )
    torch.save(dict(state_dict=model.state_dict(), meta=meta), checkpoint)
    return str(config), str(checkpoint)
