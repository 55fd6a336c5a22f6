"""What differs between the distributions of the host packages."""

import warnings
from importlib.metadata import PackageNotFoundError, distribution

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


# MMCV says so at every start if it was installed without compiled operators;
# nothing here needs them.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDef')
allow_mmseg_config_inheritance()
