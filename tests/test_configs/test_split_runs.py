"""The VOC and Cityscapes configs on miniature trees, with a small network."""

import re
import shutil
from argparse import ArgumentParser

import pytest
import torch

from mmseg_usrn.engine.run_config import add_common_arguments, load_config

SPLITS = {
    'voc': ('1over64', '1over32', '1over16'),
    'cityscapes': ('1over32', '1over16', '1over8'),
}
TRAIN = {
    'voc': ['data/VOCdevkit/VOC2012/ImageSets/Segmentation/trainaug.txt'],
    'cityscapes': [
        *('data/cityscapes/leftImg8bit/train', '--img-suffix'),
        '_leftImg8bit.png',
    ],
}
NETWORK = {
    'model.pretrained': None,
    'model.backbone.depth': 18,
    'model.backbone.base_channels': 8,
    'model.backbone.stem_channels': 8,
    'model.decode_head.in_channels': 64,
    'model.decode_head.channels': 8,
    'model.decode_head.c1_in_channels': 8,
    'model.decode_head.c1_channels': 8,
    'model.auxiliary_head.in_channels': 32,
    'model.auxiliary_head.channels': 8,
    'model.data_preprocessor.size': '(64,64)',
}
SCHEDULE = {
    'train_cfg.max_iters': 3,
    'train_cfg.val_interval': 3,
    'param_scheduler.0.end': 3,
    'default_hooks.checkpoint.interval': 3,
    'default_hooks.logger.interval': 1,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'val_dataloader.num_workers': 0,
    'val_dataloader.persistent_workers': False,
    'val_dataloader.dataset.pipeline.1.scale': '(128,64)',
}


DATASET = 'train_dataloader.dataset.'
SIZES = {
    f'{DATASET}labeled.pipeline.3.scale': '(128,64)',
    f'{DATASET}labeled.pipeline.4.crop_size': '(64,64)',
    f'{DATASET}unlabeled.pipeline.1.scale': '(128,64)',
    f'{DATASET}unlabeled.pipeline.2.crop_size': '(64,64)',
    f'{DATASET}feature_pipeline.1.scale': '(128,64)',
    'custom_hooks.0.warmup_iters': 1,
    'custom_hooks.0.interval': 1,
    'custom_hooks.0.num_workers': 0,
}
SMALL = {**NETWORK, **SCHEDULE, **SIZES}
OPTIONS = ['--cfg-options', *(f'{k}={v}' for k, v in SMALL.items())]


@pytest.fixture(params=['voc', 'cityscapes'])
def data_name(request, tmp_path, run_tool) -> str:
    """A data set whose tree and lists are in the temporary folder."""
    name = request.param
    request.getfixturevalue(f'{name}_root')
    lists = tmp_path / 'data' / 'splits' / name
    first, *others = SPLITS[name]
    run_tool(
        *('make_splits.py', lists / first, '--train', *TRAIN[name]),
        *('--fraction', '1/2'),
        cwd=tmp_path,
    )
    for other in others:
        shutil.copytree(lists / first, lists / other)
    return name


@pytest.mark.slow
@pytest.mark.parametrize('arguments', [[], ['--baseline']])
@pytest.mark.parametrize('place', range(3))
def test_two_processes(
    project_root, run_tool, tmp_path, data_name, place, arguments
):
    name = f'{data_name}_{SPLITS[data_name][place]}'
    config = project_root / f'configs/usrn/{name}.py'
    done = run_tool(
        *('dist_train.sh', config, 2, '--work-dir', 'work', *arguments),
        *OPTIONS,
        cwd=tmp_path,
        timeout=580,
    )
    log = done.stdout
    assert 'Iter(val)' in log and 'mIoU' in log
    assert re.search(r'loss_ce: \d', log)
    assert not re.search(r'loss\S*: (nan|inf)', log)
    assert ('unsup_class.loss_ce' in log) == (not arguments)
    assert ('subclass sizes' in log) == (not arguments)
    state = torch.load(tmp_path / 'work/iter_3.pth', weights_only=False)
    assert all(v.isfinite().all() for v in state['state_dict'].values())


@pytest.mark.parametrize('baseline', [False, True])
@pytest.mark.parametrize('name', SPLITS)
def test_missing_data(project_root, monkeypatch, tmp_path, name, baseline):
    monkeypatch.chdir(tmp_path)
    parser = ArgumentParser()
    add_common_arguments(parser)
    config = project_root / f'configs/usrn/{name}_1over32.py'
    with pytest.raises(ValueError) as error:
        load_config(parser.parse_args([str(config)]), baseline=baseline)
    message = str(error.value)
    assert f'data/splits/{name}/1over32' in message
    assert f'tools/make_splits.py data/splits/{name}/1over32' in message
    assert 'docs/datasets.md' in message
