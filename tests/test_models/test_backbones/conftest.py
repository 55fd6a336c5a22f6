"""Fixtures of small backbones."""

from copy import deepcopy

import pytest
from mmengine.registry import init_default_scope

from tests.backbones import FAMILIES

FAST = {'resnet', 'mit', 'swin', 'convnext', 'vit'}


@pytest.fixture(autouse=True)
def scope() -> None:
    """Configs name the models of MMSegmentation."""
    init_default_scope('mmseg')


@pytest.fixture
def families() -> dict[str, dict]:
    """Configs of all families, by name."""
    return deepcopy(FAMILIES)


@pytest.fixture(
    params=[
        pytest.param(name, marks=() if name in FAST else pytest.mark.slow)
        for name in FAMILIES
    ]
)
def config(request) -> dict:
    """Config of each family in turn."""
    return deepcopy(FAMILIES[request.param])


@pytest.fixture(params=['resnet', 'vit', 'hrnet'])
def some_config(request) -> dict:
    """Configs of three families, for what does not depend on the family."""
    return deepcopy(FAMILIES[request.param])
