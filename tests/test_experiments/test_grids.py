"""The grid: order, configs, settings."""

from inspect import signature
from pathlib import Path

import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS, HOOKS, MODELS

import mmseg_usrn  # noqa: F401  (configs are read with it)


def test_most_important_first():
    from experiments.grids import MAIN, grid

    runs = list(grid('cpu'))
    first = [f'{name}/1over16_seed0' for name in MAIN]
    assert [run.name for run in runs[: len(MAIN) + 1]] == [
        *first,
        'baseline/1over16_seed1',
    ]
    is_main = [run.contender in MAIN or run.fraction == 'all' for run in runs]
    # At 3 fractions, and 2 baselines with every mask; 3 seeds each.
    assert is_main.index(False) == 3 * 3 * len(MAIN) + 3 * 2
    assert not any(is_main[is_main.index(False) :])
    assert len({run.name for run in runs}) == len(runs)


@pytest.mark.parametrize('protocol', ['cpu', 'gpu'])
def test_every_option_is_one_of_the_config(protocol, project_root):
    from experiments.grids import grid

    for run in grid(protocol):
        if run.fraction != '1over16' or run.seed:
            continue
        cfg = Config.fromfile(
            project_root / run.config, import_custom_modules=False
        )
        for option in run.options('some.pth'):
            key, _, value = option.partition('=')
            parent, _, name = key.rpartition('.')
            node = cfg
            for part in parent.split('.'):
                node = node[int(part) if part.isdigit() else part]
            if name == 'ann_file':
                assert '1over16/seed0' in value
            known = set(node)
            if 'type' in node:
                cls = MODELS.get(node.type) or HOOKS.get(node.type)
                known |= set(signature(cls).parameters) if cls else set()
            assert name in known, option
        assert '{checkpoint}' not in ' '.join(run.options('some.pth'))


def test_every_mask(project_root, shared_dir):
    """Without a list the dataset takes every image of its folder."""
    from experiments.grids import Run

    run = Run('cpu', 'baseline', 'all', 1)
    cfg = Config.fromfile(project_root / run.config)
    cfg.merge_from_dict(dict(o.split('=') for o in run.options()))
    dataset = cfg.train_dataloader.dataset
    dataset.data_root = str(shared_dir / 'data' / 'camvid')
    dataset.pipeline = []
    assert len(DATASETS.build(dataset)) == 367


def test_same_budget_for_all(project_root):
    """Only the method differs: iterations, optimiser, labeled images."""
    for protocol in ('cpu', 'gpu'):
        folder = project_root / 'experiments' / 'configs' / protocol
        usrn, *others = (
            Config.fromfile(folder / f'{protocol}_{name}.py')
            for name in (
                'usrn',
                'baseline',
                'baseline_average',
                'self_training',
            )
        )
        for other in others:
            for key in ('train_cfg', 'optim_wrapper', 'param_scheduler'):
                assert other[key] == usrn[key]
            dataset = other.train_dataloader.dataset
            labeled = dataset.get('labeled', dataset)
            assert labeled == usrn.train_dataloader.dataset.labeled
            assert other.model.decode_head == usrn.model.decode_head
            warmup = usrn.custom_hooks[0].warmup_iters
            assert other.model.get('warmup_iters', warmup) == warmup


def test_only_the_models_options_go_to_the_test():
    from experiments.grids import Run

    run = Run('cpu', 'usrn_44_subclasses', '1over16', 0)
    assert run.model_options() == ['model.num_subclasses=44']
    assert Path(run.config).name == 'cpu_usrn.py'


def test_protocols_differ_in_sizes_only(project_root):
    """Every config of one is there for the other, the same but for these."""
    folder = project_root / 'experiments' / 'configs'
    sizes = ('protocol', 'double_batch', 'short_warmup', 'reclustered')
    texts = {}
    for protocol in ('cpu', 'gpu'):
        texts[protocol] = {
            path.name.removeprefix(f'{protocol}_'): path.read_text().replace(
                f'{protocol}_', ''
            )
            for path in (folder / protocol).glob('*.py')
        }
    assert texts['cpu'].keys() == texts['gpu'].keys()
    for name, text in texts['cpu'].items():
        if not any(size in name for size in sizes):
            assert text == texts['gpu'][name], name
