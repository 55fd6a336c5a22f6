"""Subclasses of a config as pictures and tables."""

import numpy as np
import pytest
import torch
import torch.distributed.run
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from PIL import Image

import mmseg_usrn  # noqa: F401  (registers the package)


@pytest.fixture
def trained(toy_config, tmp_path):
    """Config file and checkpoint of the toy model."""
    init_default_scope('mmseg')
    toy_config.custom_imports = dict(imports=['mmseg_usrn'])
    toy_config.dump(tmp_path / 'toy.py')
    model = MODELS.build(toy_config.model)
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'toy.pth')
    return tmp_path / 'toy.py', tmp_path / 'toy.pth'


@pytest.mark.slow
@pytest.mark.parametrize('processes', [1, 2])
def test_table_maps_and_summary(
    trained, processes, run_tool, toy_root, project_root, tmp_path
):
    tool = [project_root / 'tools' / 'cluster_subclasses.py']
    if processes > 1:
        tool = [
            *(torch.distributed.run.__file__, '--nproc-per-node', processes),
            *('--master-port', 29631, *tool, '--launcher', 'pytorch'),
        ]
    out = tmp_path / 'out'
    run_tool(*tool, *trained, out, cwd=tmp_path)
    if processes == 1:
        again = run_tool(*tool, *trained, out, cwd=tmp_path, check=False)
        assert 'summary.md' in again.stdout and '--force' in again.stdout
        run_tool(*tool, *trained, out, '--force', cwd=tmp_path)
    table = torch.load(out / 'subclass_table.pth')
    parents = table['subclass_to_class']
    assert parents.unique().tolist() == [0, 1, 2, 3]
    assert len(table['cells_per_image']) == 5
    assert 'of 5 labeled images' in (out / 'summary.md').read_text()
    maps = sorted((out / 'maps').iterdir())
    assert len(maps) == 5
    for path in maps:
        mask = np.array(Image.open(toy_root / 'labeled_masks' / path.name))
        subclasses = np.array(Image.open(path))
        known = mask < 4
        assert (subclasses[~known] == 255).all()
        assert (parents.numpy()[subclasses[known]] == mask[known]).all()


@pytest.mark.slow
def test_stock_config_is_refused(trained, toy_config, run_tool, tmp_path):
    config, checkpoint = trained
    toy_config.model.type = 'EncoderDecoder'
    del toy_config.model['num_subclasses']
    toy_config.dump(config)
    done = run_tool(
        *('cluster_subclasses.py', config, checkpoint, tmp_path / 'out'),
        cwd=tmp_path,
        check=False,
    )
    assert 'model.type is EncoderDecoder' in done.stdout
