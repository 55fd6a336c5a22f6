"""The toy config with changes, and what is found wrong with it."""

import pytest
from mmengine.registry import init_default_scope

from mmseg_usrn.engine.config_checks import config_mistakes


@pytest.fixture
def found(toy_config):
    """Lists the mistakes of the toy config with some changes."""

    def found(changes=(), **options):
        init_default_scope('mmseg')
        toy_config.merge_from_dict(dict(changes, **options))
        return [str(mistake) for mistake in config_mistakes(toy_config)]

    return found


@pytest.fixture
def only(found):
    """Checks that there is one mistake, and what its sentence says."""

    def only(changes, *words):
        sentences = found(changes)
        assert len(sentences) == 1, sentences
        for word in words:
            assert word in sentences[0]

    return only
