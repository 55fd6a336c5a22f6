"""What is in wheel and sdist; the wheel works outside the checkout."""

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections import Counter
from email import message_from_bytes
from pathlib import Path

import pytest
import yaml

from mmseg_usrn import __version__

MIM = ('configs', 'tools', 'model-index.yml')
# What an sdist has besides the package and `MIM`.
OF_THE_SDIST = {
    *('CHANGELOG.md', 'CITATION.cff', 'LICENSE', 'MANIFEST.in', 'PKG-INFO'),
    *('README.md', 'pyproject.toml', 'requirements.txt', 'setup.cfg'),
    *('setup.py', 'mmseg_usrn.egg-info'),
}
# What comes with MMEngine, MMCV, MMSegmentation and MMPretrain.
STACK = {'cv2', 'mmcv', 'mmengine', 'mmpretrain', 'mmseg', 'prettytable'}
STACK |= {'rich', 'torchvision', 'yaml'}
NOT_SOURCES = shutil.ignore_patterns(
    *('.*', '__pycache__', '*.egg-info', 'build', 'data', 'work_dirs')
)


def run(*command, **settings):
    """Runs a command; its output is in the error if it fails."""
    hidden = {'PYTHONPATH'}  # It would make the checkout importable.
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={k: v for k, v in os.environ.items() if k not in hidden},
        **settings,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def files_below(folder):
    """All files below a folder but caches, as paths relative to it."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob('*')
        if path.is_file()
        and not {'.mim', '__pycache__'} & set(path.relative_to(folder).parts)
    }


def mim_content(project_root):
    found = {
        f'{name}/{file}'
        for name in MIM[:2]
        for file in files_below(project_root / name)
    }
    return found | {MIM[2]}


@pytest.fixture(scope='module')
def sdist(project_root, tmp_path_factory) -> Path:
    """An sdist of this checkout, built from a copy of it."""
    folder = tmp_path_factory.mktemp('sdist')
    source = folder / 'source'
    shutil.copytree(project_root, source, ignore=NOT_SOURCES)
    code = 'from setuptools.build_meta import build_sdist; build_sdist("..")'
    run(sys.executable, '-c', code, cwd=source)
    shutil.rmtree(source)
    (found,) = folder.glob('*.tar.gz')
    return found


@pytest.fixture(scope='module')
def wheel(sdist) -> Path:
    """A wheel, built from the sdist."""
    run(
        *(sys.executable, '-m', 'pip', '--disable-pip-version-check'),
        *('wheel', '--quiet', '--no-deps', '--no-build-isolation'),
        *('--wheel-dir', sdist.parent, sdist),
    )
    (found,) = sdist.parent.glob('*.whl')
    return found


@pytest.fixture(scope='module')
def wheel_python(wheel, tmp_path_factory) -> Path:
    """Python of a new environment that has the package from its wheel.

    The packages that it needs are those of this environment, without the
    hook that makes the checkout importable.
    """
    folder = tmp_path_factory.mktemp('wheel')
    run(sys.executable, '-m', 'venv', '--without-pip', folder / 'env')
    python = folder / 'env' / 'bin' / 'python'
    (site,) = (folder / 'env').glob('lib/python3*/site-packages')
    (site / 'parent.pth').write_text(sysconfig.get_path('purelib') + '\n')
    run(
        *(sys.executable, '-m', 'pip', '--disable-pip-version-check'),
        *('--python', python, 'install', '--quiet', '--no-deps', wheel),
    )
    return python


@pytest.fixture(scope='module')
def installed(wheel_python, tmp_path_factory) -> Path:
    """Where the new environment finds the package."""
    code = 'import mmseg_usrn; print(mmseg_usrn.__file__)'
    output = run(wheel_python, '-c', code, cwd=tmp_path_factory.mktemp('cwd'))
    return Path(output.splitlines()[-1]).parent


def test_sdist_has_package_and_mim_content_alone(project_root, sdist):
    with tarfile.open(sdist) as archive:
        names = [m.name.split('/', 1) for m in archive if m.isfile()]
    files = {name[1] for name in names}
    package = {
        f'mmseg_usrn/{file}'
        for file in files_below(project_root / 'mmseg_usrn')
    }
    expected = package | mim_content(project_root)
    assert expected <= files
    assert {file.split('/')[0] for file in files - expected} == OF_THE_SDIST


def test_wheel_has_package_and_mim_content_alone(project_root, wheel):
    files = set(zipfile.ZipFile(wheel).namelist())
    package = files_below(project_root / 'mmseg_usrn')
    assert 'py.typed' in package
    mim = {f'.mim/{file}' for file in mim_content(project_root)}
    info = f'mmseg_usrn-{__version__}.dist-info'
    assert {file for file in files if file.split('/')[0] != info} == {
        f'mmseg_usrn/{file}' for file in package | mim
    }


@pytest.mark.slow
def test_wheel_trains_the_demo(wheel_python, installed, tmp_path):
    assert wheel_python.parents[1] in installed.parents
    tools = installed / '.mim' / 'tools'
    run(wheel_python, tools / 'demo_images.py', cwd=tmp_path)
    output = run(
        *(wheel_python, tools / 'train.py'),
        installed / '.mim' / 'configs' / 'usrn' / 'demo.py',
        *('--work-dir', tmp_path / 'work'),
        *(
            '--cfg-options',
            'train_cfg.max_iters=4',
            'train_cfg.val_interval=4',
            'custom_hooks.0.warmup_iters=2',
            'custom_hooks.0.interval=1',
            'param_scheduler.0.end=1',
            'param_scheduler.1.begin=1',
            'param_scheduler.1.end=4',
        ),
        cwd=tmp_path,
        timeout=500,
    )
    assert 'mIoU' in output
    assert list((tmp_path / 'work').glob('*.pth'))


def test_editable_install_links_the_checkout(project_root):
    mim = project_root / 'mmseg_usrn' / '.mim'
    if not mim.is_dir():
        pytest.skip('the package is not installed in editable mode')
    for name in MIM:
        assert (mim / name).samefile(project_root / name)


def test_config_names_are_unique(project_root):
    """`mim train mmseg_usrn NAME` looks for NAME in all folders."""
    paths = list((project_root / 'configs').rglob('*.py'))
    times = Counter(path.name for path in paths)
    to_train = {path.name for path in paths if '_base_' not in path.parts}
    assert not sorted(name for name in to_train if times[name] > 1)


def requirements(wheel):
    """What the wheel's metadata ask for."""
    name = f'mmseg_usrn-{__version__}.dist-info/METADATA'
    metadata = message_from_bytes(zipfile.ZipFile(wheel).read(name))
    return set(metadata.get_all('Requires-Dist'))


def test_metadata_name_no_distribution_of_the_stack(wheel):
    """Either `onedl-mmengine` or `mmengine` serves, and so for the others."""
    assert not [name for name in requirements(wheel) if 'mm' in name]


def test_metadata_name_all_that_is_imported(project_root, wheel):
    modules = set()
    for path in (project_root / 'mmseg_usrn').rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules.add(node.module)
    tops = {
        name.partition('.')[0].replace('PIL', 'pillow') for name in modules
    }
    tops -= {*sys.stdlib_module_names, 'mmseg_usrn', *STACK}
    needed = {n for n in requirements(wheel) if 'extra ==' not in n}
    assert tops == needed


def test_citation_has_this_version(project_root):
    citation = yaml.safe_load((project_root / 'CITATION.cff').read_text())
    assert citation['version'] == __version__


def test_pins_are_complete(project_root):
    """Each line of requirements.txt pins one version of one package."""
    lines = (project_root / 'requirements.txt').read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith('#')]
    assert all('==' in pin for pin in pins)
    names = [pin.partition('==')[0] for pin in pins]
    assert len(names) == len(set(names))
