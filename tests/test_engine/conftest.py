"""What the tests of the engine share."""

import pytest
from mmengine.logging import MMLogger


@pytest.fixture
def said(tmp_path):
    """Reads what was logged."""
    log = tmp_path / 'log.txt'
    MMLogger.get_instance(str(tmp_path), log_file=str(log))  # the current one
    return log.read_text
