import argparse
import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from mmseg_usrn.models.checkpoints.original import key_table

TOOL = (
    Path(__file__).resolve().parents[2]
    / 'tools/model_converters/usrn2mmseg.py'
)


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('usrn2mmseg', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def original():
    """A file of the original: DDP prefix, NumPy score, VOC 1/32 outputs."""
    weights = {}
    for key in key_table(50, 'usrn'):
        shape = (1, 1280) if key.endswith('.conv1.weight') else (2,)
        if key.startswith('classifier'):
            shape = (177 if 'SubCls' in key else 21, 2)
        weights[f'module.{key}'] = torch.rand(shape)
    return dict(
        arch='USRN',
        epoch=12,
        state_dict=weights,
        monitor_best=np.float64(0.7),
    )


def test_there_and_back_through_files(tool, original, tmp_path):
    names = ['in.pth', 'out/ours.pth', 'back.pth']
    paths = [tmp_path / name for name in names]
    torch.save(original, paths[0])
    tool.main([str(paths[0]), str(paths[1])])
    ours = torch.load(paths[1], weights_only=False)
    assert ours['meta']['epoch'] == 12
    table = ours['state_dict']['subclass_table.subclass_to_class']
    assert torch.bincount(table)[:5].tolist() == [121, 2, 1, 1, 1]
    tool.main([str(paths[1]), str(paths[2]), '--to-original'])
    back = torch.load(paths[2], weights_only=False)
    assert {k: back[k] for k in ('arch', 'epoch', 'monitor_best')} == {
        k: original[k] for k in ('arch', 'epoch', 'monitor_best')
    }
    assert back['state_dict'].keys() == original['state_dict'].keys()
    for key, value in original['state_dict'].items():
        torch.testing.assert_close(back['state_dict'][key], value)


def test_checkpoint_of_a_training_is_converted_back(tool, original, tmp_path):
    paths = [tmp_path / name for name in ('in.pth', 'ours.pth', 'back.pth')]
    torch.save(original, paths[0])
    tool.main([str(paths[0]), str(paths[1])])
    ours = torch.load(paths[1], weights_only=False)
    ours['message_hub'] = dict(log_scalars={'loss': HistoryBuffer([1.0], [1])})
    teacher = {f'teacher.module.{k}': v for k, v in ours['state_dict'].items()}
    ours['state_dict'].update(teacher)
    torch.save(ours, paths[1])
    tool.main([str(paths[1]), str(paths[2]), '--to-original'])
    back = torch.load(paths[2], weights_only=False)
    assert back['state_dict'].keys() == original['state_dict'].keys()


def test_partial_file_lists_what_is_missing(tool, original, tmp_path):
    del original['state_dict']['module.encoder.aspp.bn1.weight']
    torch.save(original, tmp_path / 'in.pth')
    with pytest.raises(SystemExit, match='missing: encoder.aspp.bn1.weight'):
        tool.main([str(tmp_path / 'in.pth'), str(tmp_path / 'out.pth')])
    assert not (tmp_path / 'out.pth').exists()


def test_unsafe_file_is_refused_with_a_way_out(tool, original, tmp_path):
    original['config'] = argparse.Namespace(name='run')
    torch.save(original, tmp_path / 'in.pth')
    with pytest.raises(SystemExit, match='--trust-checkpoint'):
        tool.main([str(tmp_path / 'in.pth'), str(tmp_path / 'out.pth')])


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'no checkpoint', 'no whole checkpoint'),
        ({'epoch': 3}, "expected a 'state_dict'"),
        ([1, 2], 'holds a list'),
    ],
)
def test_other_files_are_refused(tool, tmp_path, content, message):
    path = tmp_path / 'in.pth'
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(SystemExit, match=message):
        tool.main([str(path), str(tmp_path / 'out.pth')])


def test_nothing_is_overwritten(tool, tmp_path):
    path = tmp_path / 'out.pth'
    path.write_text('mine')
    with pytest.raises(SystemExit, match='would be overwritten'):
        tool.main([str(tmp_path / 'in.pth'), str(path)])
    assert path.read_text() == 'mine'


def test_missing_file_is_named(tool, tmp_path):
    with pytest.raises(SystemExit, match='no checkpoint .*nowhere.pth'):
        tool.main([str(tmp_path / 'nowhere.pth'), str(tmp_path / 'out.pth')])
