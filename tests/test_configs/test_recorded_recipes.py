"""Every recipe is what it was when its results were measured.

``recorded_recipes.json`` holds the merged configs of commit be92786 and those
of newer recipes as they came, each distinct part once; what differs on purpose
is listed here.
"""

import json
import os.path as osp
import re
from copy import deepcopy
from pathlib import Path

import pytest
from mmengine.config import Config

from mmseg_usrn.datasets.paired_dataset import of_split
from mmseg_usrn.engine.run_config import to_baseline

RECORD = json.loads(
    Path(__file__).with_name('recorded_recipes.json').read_text()
)
RECIPES = [n for n in RECORD['recipes'] if not n.endswith('_baseline')]
# Recipes, settings and the reason why they differ from the record.
INTENDED = [
    ('camvid_.*', r'.*\.(data_root|checkpoint|ann_file)', 'data in data/'),
    ('demo.*', r'.*_dataloader\.dataset\..*', 'images made by a script'),
    ('demo.*', r'.*\.persistent_workers', 'False is the default'),
    ('paper/.*', r'model\.logit_adjustment', 'the paper has none'),
    ('paper/.*', r'train_dataloader\.dataset\..*pipeline.*',
     'RandomScaleCrop in one step; baselines with cells, as the recipe'),
    ('.*', r'train_dataloader\.dataset\..*\.unsup_strong\.2\..*',
     'ToGray for RandomGrayscale, 20 times as fast'),
    ('.*', r'(val|test)_evaluator\.type', 'counts in whole numbers'),
    ('.*', r'env_cfg\.dist_cfg\.timeout', 'minutes instead of hours'),
    ('.*', r'optim_wrapper\.constructor', 'the same updates, in few groups'),
    ('demo.*', r'optim_wrapper\.optimizer\.fused', 'faster on CPUs'),
    ('.*', r'default_hooks\.pseudo_labels\..*', 'pictures alone'),
    ('.*_baseline', r'custom_hooks', 'an empty list is the default'),
]  # fmt: skip


def recorded(name: str) -> dict:
    """The merged config of a recipe as it was."""
    places = RECORD['recipes'][name]
    return {k: deepcopy(RECORD['values'][at]) for k, at in places.items()}


def merged(name: str, project_root: Path) -> dict:
    """The merged config of a recipe, or of a recipe's baseline, today."""
    stem = name.removesuffix('_baseline')
    cfg = Config.fromfile(project_root / f'configs/usrn/{stem}.py')
    of_baseline = cfg.pop('baseline', {})
    if stem != name:
        cfg.merge_from_dict(of_baseline)
        to_baseline(cfg)
    return json.loads(json.dumps(cfg.to_dict()))


def with_lists(cfg: dict) -> dict:
    """The config with the path of each list of images, whoever names it."""
    dataset = cfg['train_dataloader']['dataset']
    split_dir = dataset.pop('split_dir', None)
    for name in ('labeled', 'unlabeled'):
        if name in dataset:
            dataset[name] = of_split(split_dir, name, dataset[name])
    for part in (dataset, *map(dataset.get, ('labeled', 'unlabeled'))):
        if part and part.get('ann_file'):
            path = osp.join(part.get('data_root', ''), part['ann_file'])
            part['ann_file'] = osp.relpath(path)
    return cfg


def flat(node, path: str = '') -> dict[str, object]:
    """Settings by dotted path."""
    if isinstance(node, dict) and node:
        items = node.items()
    elif isinstance(node, list) and node:
        items = enumerate(node)
    else:
        return {path: node}
    return {
        deeper: value
        for key, child in items
        for deeper, value in flat(child, f'{path}.{key}').items()
    }


def differences(name: str, project_root: Path) -> set[str]:
    """Paths of the settings that are not as recorded."""
    before = recorded(name)
    today = {
        k: v for k, v in merged(name, project_root).items() if k in before
    }
    before, today = (flat(with_lists(cfg)) for cfg in (before, today))
    return {
        path[1:]
        for path in before.keys() | today.keys()
        if before.get(path, ...) != today.get(path, ...)
    }


def is_intended(name: str, path: str) -> bool:
    return any(
        re.fullmatch(recipes, name) and re.fullmatch(settings, path)
        for recipes, settings, _ in INTENDED
    )


@pytest.mark.parametrize('name', RECORD['recipes'])
def test_recipe_is_as_recorded(name, project_root):
    found = differences(name, project_root)
    assert not {path for path in found if not is_intended(name, path)}


def test_every_recipe_is_recorded(project_root):
    folder = project_root / 'configs/usrn'
    names = {
        path.relative_to(folder).with_suffix('').as_posix()
        for path in folder.rglob('*.py')
        if '_base_' not in path.parts
    }
    assert names == set(RECIPES)
