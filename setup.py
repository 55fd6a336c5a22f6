"""Adds configs and tools to the package, the way OpenMMLab's `mim` expects.

`mim train mmseg_usrn CONFIG` looks for `mmseg_usrn/.mim/{configs,tools}` and
`mmseg_usrn/.mim/model-index.yml`. A wheel carries them as files; an editable
install links them, so that the checkout stays the only copy. All metadata is
in pyproject.toml.
"""

import os
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
MIM_CONTENT = ('configs', 'tools', 'model-index.yml')


def link(source, target):
    """Points `target` to `source`; copies where links are not possible."""
    if target.is_symlink() or target.is_file():
        target.unlink()
    elif target.is_dir():
        shutil.rmtree(target)
    try:
        target.symlink_to(os.path.relpath(source, target.parent))
    except OSError:
        copy(source, target)


def copy(source, target):
    """Copies a file or a folder, without Python's caches."""
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        skip = shutil.ignore_patterns('__pycache__', '*.pyc')
        shutil.copytree(source, target, ignore=skip)
    else:
        shutil.copy2(source, target)


class BuildWithMim(build_py):
    """Builds the package and puts `.mim` beside its modules."""

    def run(self):
        """Runs the normal step, then links (editable) or copies (wheel)."""
        super().run()
        package = ROOT if self.editable_mode else Path(self.build_lib)
        mim = package / 'mmseg_usrn' / '.mim'
        mim.mkdir(parents=True, exist_ok=True)
        place = link if self.editable_mode else copy
        for name in MIM_CONTENT:
            place(ROOT / name, mim / name)


setup(cmdclass={'build_py': BuildWithMim})
