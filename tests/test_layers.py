"""Imports inside the package point one way, as drawn here.

clustering and structures know nothing of the rest; models and datasets do
not know each other or engine; engine may use all of them, apis also engine;
nothing in the package uses tools, configs or tests.
"""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / 'mmseg_usrn'
# What each part may import beside itself, other than `COMMON`.
ALLOWED = {
    'clustering': set(),
    'structures': set(),
    'datasets': set(),
    'models': {'structures'},
    'data_check': {'datasets'},
    'visualization': set(),
    'evaluation': set(),
    'apis': {
        'clustering',
        'structures',
        'datasets',
        'data_check',
        'models',
        'visualization',
        'engine',
        'evaluation',
    },
    'engine': {
        'clustering',
        'structures',
        'datasets',
        'models',
        'evaluation',
        'visualization',
    },
}
COMMON = {'compat', 'config_file', 'version'}
# Modules outside the package that a part must not import.
FOREIGN = {
    'clustering': {'mmengine', 'mmseg', 'mmcv', 'mmpretrain'},
}
NEVER = {'tools', 'configs', 'experiments', 'benchmarks', 'tests', 'setup'}


def imported_modules(source: str, module: str, is_package: bool) -> set[str]:
    """Absolute names of all modules that the source of a module imports.

    `from a import b` gives `a.b`, which may name a module or something in it.
    """
    found = set()
    package = module if is_package else module.rpartition('.')[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ''
            if node.level:
                parents = package.split('.')
                parents = parents[: len(parents) - node.level + 1]
                base = '.'.join([*parents, base] if base else parents)
            found |= {f'{base}.{alias.name}' for alias in node.names}
    return found


def mistakes(part: str, imports: set[str]) -> list[str]:
    """The imports that a part of the package must not have."""
    allowed = ALLOWED[part] | COMMON | {part}
    wrong = []
    for name in sorted(imports):
        top, _, rest = name.partition('.')
        inside = rest.partition('.')[0]
        if top in NEVER | FOREIGN.get(part, set()) or (
            top == 'mmseg_usrn' and inside not in allowed
        ):
            wrong.append(name)
    return wrong


def modules_of(part: str):
    """Dotted name and path of every module of a part."""
    for path in sorted((PACKAGE / part).rglob('*.py')):
        parts = path.relative_to(PACKAGE.parent).with_suffix('').parts
        is_package = parts[-1] == '__init__'
        yield '.'.join(parts[:-1] if is_package else parts), path, is_package


@pytest.mark.parametrize('part', ALLOWED)
def test_imports_point_one_way(part):
    wrong = {
        module: found
        for module, path, is_package in modules_of(part)
        if (
            found := mistakes(
                part,
                imported_modules(path.read_text(), module, is_package),
            )
        )
    }
    assert not wrong


def test_every_part_has_a_place():
    folders = {path.parent.name for path in PACKAGE.glob('*/__init__.py')}
    modules = {path.stem for path in PACKAGE.glob('*.py')} - {'__init__'}
    assert folders <= set(ALLOWED)
    assert modules <= COMMON


@pytest.mark.parametrize(
    ('part', 'module', 'source', 'wrong'),
    [
        ('models', 'mmseg_usrn.models.a', 'import mmseg_usrn.engine', 1),
        ('models', 'mmseg_usrn.models.a', 'from ..datasets import x', 1),
        ('models', 'mmseg_usrn.models.a', 'from .. import engine', 1),
        ('models', 'mmseg_usrn.models.a', 'from . import heads', 0),
        ('models', 'mmseg_usrn.models.b.a', 'from ...engine import x', 1),
        ('models', 'mmseg_usrn.models.b.a', 'from ..c import engine', 0),
        ('models', 'mmseg_usrn.models.a', 'from ..structures import x', 0),
        ('models', 'mmseg_usrn.models.a', 'from mmseg_usrn import engine', 1),
        ('clustering', 'mmseg_usrn.clustering.a', 'import mmengine.dist', 1),
        ('clustering', 'mmseg_usrn.clustering.a', 'import torch', 0),
        ('engine', 'mmseg_usrn.engine.a', 'def f():\n import tools.x', 1),
    ],
)
def test_the_check_itself(part, module, source, wrong):
    imports = imported_modules(source, module, is_package=False)
    assert len(mistakes(part, imports)) == wrong
