"""The hook in toy runs: 6 iterations, clustered at 2 and 4."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import VISBACKENDS
from mmengine.visualization import BaseVisBackend

from mmseg_usrn.engine import PseudoLabelVisualizationHook
from mmseg_usrn.engine.hooks.pseudo_label_visualization_hook import pad
from tests.trust.resume import (
    LENGTH,
    compare_ends,
    copy_until,
    train,
    write_config,
)

HOOK = dict(type='PseudoLabelVisualizationHook', interval=2)
DRAWN = [2, 4, 6]


@VISBACKENDS.register_module(force=True)
class Album(BaseVisBackend):
    """A backend that keeps the pictures."""

    pictures: dict = {}

    @property
    def experiment(self):
        return self

    def _init_env(self):
        pass

    def add_config(self, config, **kwargs):
        pass

    def add_image(self, name, image, step=0, **kwargs):
        self.pictures[name, step] = image

    def add_scalar(self, *args, **kwargs):
        pass

    def add_scalars(self, *args, **kwargs):
        pass


def write_both(name: str, folder: Path, **model) -> tuple[Path, Path]:
    """Configs of a run without and with pictures."""
    plain = write_config(name, folder)
    cfg = Config.fromfile(plain)
    cfg.model.update(model)
    cfg.visualizer = dict(
        type='SegLocalVisualizer',
        vis_backends=[dict(type='LocalVisBackend'), dict(type='Album')],
    )
    cfg.dump(plain)
    cfg.custom_hooks.append(HOOK)
    cfg.dump(folder / 'pictures.py')
    return plain, folder / 'pictures.py'


def drawn(work_dir: Path) -> list[int]:
    """Iterations of the pictures in a work dir."""
    files = work_dir.glob('*/vis_data/vis_image/pseudo_labels_*.png')
    return sorted(int(file.stem.split('_')[-1]) for file in files)


@pytest.mark.parametrize(
    ('name', 'model'),
    [
        ('usrn', {}),
        ('usrn', dict(teacher_momentum=None)),
        ('self_training', {}),
        ('accumulation', {}),
        ('baseline', None),
    ],
)
def test_training_is_the_same_to_the_bit(tmp_path, name, model):
    """Weights, optimiser, statistics and the states of random numbers."""
    plain, pictures = write_both(name, tmp_path, **(model or {}))
    train(plain, tmp_path / 'whole')
    train(pictures, tmp_path / 'part')
    assert compare_ends(tmp_path / 'whole', tmp_path / 'part') == (
        'equal to the bit'
    )
    assert drawn(tmp_path / 'whole') == []
    assert drawn(tmp_path / 'part') == ([] if model is None else DRAWN)


def test_pictures_go_to_every_backend_and_show_the_same_images(tmp_path):
    _, config = write_both('usrn', tmp_path)
    Album.pictures.clear()
    train(config, tmp_path / 'run')
    assert [*Album.pictures] == [('pseudo_labels', i) for i in DRAWN]
    warmup, middle, last = Album.pictures.values()
    assert warmup.shape[1] < middle.shape[1]  # no subclass branch, no gate
    # The column of the weak views, below the headings.
    width, height = last.shape[1] // 6, last.shape[0] // 4
    views = [p[height:-height, 40:width] for p in (middle, last)]
    assert (views[0] == views[1]).all() and views[0].std() > 10
    assert (middle != last).any()
    whole = Album.pictures['pseudo_labels', LENGTH].copy()
    part = tmp_path / 'part'
    copy_until(tmp_path / 'run', part, 3)
    Album.pictures.clear()
    train(config, part, resume=True)
    assert [*Album.pictures] == [('pseudo_labels', i) for i in (4, 6)]
    assert (Album.pictures['pseudo_labels', LENGTH] == whole).all()


def test_no_picture(tmp_path):
    _, config = write_both('usrn', tmp_path)
    cfg = Config.fromfile(config)
    cfg.custom_hooks[-1].interval = -1
    cfg.dump(config)
    train(config, tmp_path / 'run')
    assert drawn(tmp_path / 'run') == []


@pytest.mark.parametrize('setting', [dict(interval=0), dict(num_images=0)])
def test_settings_out_of_range(setting):
    with pytest.raises(ValueError, match=f'{next(iter(setting))} .*>= 1'):
        PseudoLabelVisualizationHook(**setting)


def train_both(plain: str, pictures: str, folder: str) -> None:
    """On each rank, a run without and one with pictures."""
    train(plain, Path(folder, 'whole'))
    train(pictures, Path(folder, 'part'))


@pytest.mark.slow
def test_two_processes(tmp_path, run_ranks):
    configs = write_both('usrn', tmp_path, teacher_momentum=None)
    run_ranks(train_both, *configs, tmp_path)
    assert compare_ends(tmp_path / 'whole', tmp_path / 'part') == (
        'equal to the bit'
    )
    assert drawn(tmp_path / 'part') == DRAWN


@pytest.mark.parametrize('shape', [(6, 8), (3, 4)])
def test_a_picture_as_large_as_the_inputs(shape):
    image = np.full((5, 7, 3), 9, np.uint8)
    padded = pad(image, torch.zeros(1, 3, *shape))
    assert padded.shape == (*shape, 3)
    assert (padded[:3, :4] == 9).all()


def test_a_picture_that_fails_does_not_end_the_run(tmp_path, monkeypatch):
    _, config = write_both('usrn', tmp_path)
    monkeypatch.setattr(PseudoLabelVisualizationHook, 'draw', lambda *_: 1 / 0)
    train(config, tmp_path / 'run')
    assert drawn(tmp_path / 'run') == []
    (log,) = (tmp_path / 'run').glob('*/*.log')
    assert log.read_text().count('no more pictures of pseudo labels') == 1
