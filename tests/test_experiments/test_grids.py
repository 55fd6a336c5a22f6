"""The grid: order, words for the config, settings."""

from inspect import signature

import pytest
from mmengine.config import Config
from mmseg.registry import HOOKS, MODELS

import mmseg_usrn  # noqa: F401  (configs are read with it)
from experiments.grids import (
    ADJUSTMENT,
    CONFIG,
    CONTENDERS,
    DATA,
    MAIN,
    MASKS,
    Run,
    grid,
)
from mmseg_usrn.engine.run_config import to_baseline


@pytest.fixture
def read_config(project_root, monkeypatch):
    """The config of a run, before its options."""

    def read_config(run: Run) -> Config:
        for word, value in run.environment.items():
            monkeypatch.setenv(word, value)
        return Config.fromfile(project_root / CONFIG)

    return read_config


def test_most_important_first():
    runs = list(grid('cpu'))
    names = [name for name in MAIN if name not in ADJUSTMENT]
    first = [f'camvid/{name}/1over16_seed0' for name in names]
    assert [run.name for run in runs[: len(names) + 1]] == [
        *first,
        'camvid/baseline/1over16_seed1',
    ]
    # 3 splits and, with every mask, the baseline; 3 seeds each.
    main = 3 * (3 * len(names) + 1)
    assert not any(run.contender in MAIN for run in runs[main:])
    assert len({run.name for run in runs}) == len(runs)


@pytest.mark.parametrize('protocol', DATA)
def test_contenders_differ_from_usrn(read_config, protocol):
    """Those of the adjustment only where USRN has it."""
    runs = [run for run in grid(protocol) if run.contender in ADJUSTMENT]
    usrn = read_config(Run(protocol, 'camvid', '1over16', 'usrn', 0))
    assert bool(runs) == bool(usrn.model.logit_adjustment)


@pytest.mark.parametrize('name', CONTENDERS)
def test_every_option_is_one_of_the_config(read_config, name):
    run = Run('cpu', 'camvid', '1over16', name, 0)
    cfg = read_config(run)
    for option in run.options:
        key = option.partition('=')[0]
        parent, _, last = key.rpartition('.')
        node = cfg
        for part in parent.split('.'):
            node = node[int(part) if part.isdigit() else part]
        known = set(node)
        if 'type' in node:
            cls = MODELS.get(node.type) or HOOKS.get(node.type)
            known |= set(signature(cls).parameters)
        assert last in known, option


@pytest.mark.parametrize('protocol', DATA)
def test_same_budget_for_all(read_config, protocol):
    """Only the method differs: iterations, optimiser, labeled images."""
    runs = [
        Run(protocol, DATA[protocol][-1], '1over16', name, 0)
        for name in ('usrn', 'mean_teacher', 'baseline')
    ]
    usrn, teacher, baseline = map(read_config, runs)
    to_baseline(baseline)
    for other in (teacher, baseline):
        for key in ('train_cfg', 'optim_wrapper', 'param_scheduler'):
            assert other[key] == usrn[key]
        assert other.model.decode_head == usrn.model.decode_head
    assert teacher.train_dataloader == usrn.train_dataloader
    assert usrn.custom_hooks[0].warmup_iters == teacher.model.warmup_iters
    assert baseline.train_dataloader.dataset.pipeline == (
        usrn.train_dataloader.dataset.labeled.pipeline
    )


def test_data_sets(read_config, shared_dir):
    """Classes, sizes and numbers of masks are those of the folders."""
    import numpy as np
    from PIL import Image

    for data, masks in MASKS.items():
        folder = shared_dir / 'data' / data
        for split, count in masks.items():
            cfg = read_config(Run('fields', data, split, 'baseline', 0))
            images = folder.glob('img_dir/train/*')
            if split != 'all':
                lists = folder / 'splits' / split / 'seed0' / 'labeled.txt'
                images = lists.read_text().split()
            assert len(list(images)) == count
            given = cfg.train_dataloader.dataset.split_dir
            assert (given is None) == (split == 'all')
        mask = Image.open(next(folder.glob('ann_dir/test/*')))
        assert max(mask.size) == max(cfg.data_set['size'])
        values = np.unique(np.asarray(mask)).tolist()
        assert set(values) <= {*range(len(cfg.classes)), 255}
        assert max(cfg.val_dataloader.dataset.indices) < len(
            list(folder.glob('img_dir/val/*'))
        )
