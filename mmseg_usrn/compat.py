"""Differences between the distributions of the host packages."""

import contextlib
import io
import time
import warnings
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pickle import UnpicklingError

import numpy as np
import torch
from mmengine.config import utils as config_utils


def allow_mmseg_config_inheritance() -> None:
    """Let ``mmseg::path/to/config.py`` resolve on every distribution.

    MMEngine looks the prefix up under the distribution name
    ``mmsegmentation``. Forks ship the same import package under another
    distribution name; the import name finds it in both cases.
    """
    try:
        distribution('mmsegmentation')
    except PackageNotFoundError:
        config_utils.MODULE2PACKAGE['mmseg'] = 'mmseg'


def import_datasets_quietly() -> None:
    """Import MMSeg's datasets without their word on missing extras.

    They print, past every logger, that a client of a data set service, which
    nobody asked for, is not installed.
    """
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        import_module('mmseg.datasets')
    for line in printed.getvalue().splitlines():
        if 'OneDL' not in line:
            print(line)


def wait_for_yapf() -> None:
    """Import yapf, with which MMEngine prints configs.

    Its first import in a new environment writes a cache; a process that
    reads it before another one has written it all fails. Tries for 10 s.
    """
    for _ in range(20):
        try:
            import_module('yapf')
            return
        except (EOFError, UnpicklingError):
            time.sleep(0.5)
    import_module('yapf')


# MMCV says so at every start if it was installed without compiled operators;
# nothing here needs them.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDef')
allow_mmseg_config_inheritance()
import_datasets_quietly()
# A checkpoint holds the best score as a float32 of NumPy, the one part that
# MMEngine does not allow when it loads weights only.
if hasattr(torch.serialization, 'add_safe_globals'):
    torch.serialization.add_safe_globals([type(np.dtype(np.float32))])
