"""The built wheel works outside the checkout, with configs and tools."""

import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from importlib.metadata import requires
from pathlib import Path

import pytest

MIM = ('configs', 'tools', 'model-index.yml')
SOURCES = (
    *('mmseg_usrn', 'configs', 'tools', 'setup.py', 'pyproject.toml'),
    *('MANIFEST.in', 'README.md', 'LICENSE', 'model-index.yml'),
    'requirements.txt',
)
NOT_SOURCES = shutil.ignore_patterns('.mim', '__pycache__')


def run(*command, **settings):
    """Runs a command; its output is in the error if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **settings,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def copy_sources(project_root, target):
    target.mkdir()
    for name in SOURCES:
        source = project_root / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=NOT_SOURCES)
        else:
            shutil.copy(source, target)


def files_below(folder, *patterns):
    return {
        path.relative_to(folder).as_posix()
        for pattern in patterns
        for path in folder.rglob(pattern)
        if not {'.mim', '__pycache__'} & set(path.relative_to(folder).parts)
    }


@pytest.fixture(scope='module')
def wheel_python(project_root, tmp_path_factory):
    """Python of a new environment that has the package from its wheel.

    The packages that it needs are those of this environment, without the
    hook that makes the checkout importable.
    """
    folder = tmp_path_factory.mktemp('wheel')
    copy_sources(project_root, folder / 'source')
    pip = (sys.executable, '-m', 'pip', '--disable-pip-version-check')
    run(
        *(*pip, 'wheel', '--quiet', '--no-deps', '--no-build-isolation'),
        *('--wheel-dir', folder, folder / 'source'),
    )
    run(sys.executable, '-m', 'venv', '--without-pip', folder / 'env')
    python = folder / 'env' / 'bin' / 'python'
    (site,) = (folder / 'env').glob('lib/python3*/site-packages')
    (site / 'parent.pth').write_text(sysconfig.get_path('purelib') + '\n')
    (wheel,) = folder.glob('*.whl')
    run(*pip, '--python', python, 'install', '--quiet', '--no-deps', wheel)
    shutil.rmtree(folder / 'source')
    return python


@pytest.fixture(scope='module')
def installed(wheel_python, tmp_path_factory) -> Path:
    """Where the new environment finds the package."""
    code = 'import mmseg_usrn; print(mmseg_usrn.__file__)'
    output = run(wheel_python, '-c', code, cwd=tmp_path_factory.mktemp('cwd'))
    return Path(output.splitlines()[-1]).parent


@pytest.mark.slow
def test_wheel_is_complete(project_root, wheel_python, installed):
    assert wheel_python.parents[1] in installed.parents
    package = files_below(project_root / 'mmseg_usrn', '*.py')
    assert files_below(installed, '*.py') == package
    patterns = ('*.py', '*.sh', '*.yaml', '*.yml', '*.txt')
    for name in ('configs', 'tools'):
        expected = files_below(project_root / name, *patterns)
        assert files_below(installed / '.mim' / name, *patterns) == expected
    assert (installed / '.mim' / 'model-index.yml').is_file()


@pytest.mark.slow
def test_wheel_trains_the_demo(wheel_python, installed, tmp_path):
    output = run(
        *(wheel_python, installed / '.mim' / 'tools' / 'train.py'),
        installed / '.mim' / 'configs' / 'usrn' / 'demo.py',
        *('--work-dir', tmp_path / 'work'),
        *(
            '--cfg-options',
            'train_cfg.max_iters=4',
            'train_cfg.val_interval=4',
            'custom_hooks.0.warmup_iters=2',
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


def test_metadata_names_no_distribution_of_the_stack():
    """Either `onedl-mmengine` or `mmengine` serves, and so for the others."""
    assert not [name for name in requires('mmseg_usrn') if 'mm' in name]


def test_pins_are_complete(project_root):
    """Each line of requirements.txt pins one version of one package."""
    lines = (project_root / 'requirements.txt').read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith('#')]
    assert all('==' in pin for pin in pins)
    names = [pin.partition('==')[0] for pin in pins]
    assert len(names) == len(set(names))
