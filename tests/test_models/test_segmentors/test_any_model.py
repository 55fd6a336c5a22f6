"""Every model of MMSegmentation does what the table in the docs says."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / 'tests' / 'model_zoo'))

from list_models import DOCS, NO_OPERATORS, tables, try_model  # noqa: E402
from small_models import all_models, model_bases  # noqa: E402

FAST = {
    'bisenetv1_r18-d32',
    'dpt_vit-b16',
    'ocrnet_hr18',
    'segformer_mit-b0',
}
SLOW = pytest.mark.slow


def documented() -> dict[str, str]:
    """Rows of the tables in the docs, by model."""
    names = all_models()
    rows = [line for line in DOCS.read_text().splitlines() if line[:2] == '| ']
    rows = {line.split(' | ')[0][2:]: line for line in rows}
    return {name: row for name, row in rows.items() if name in names}


def test_docs_have_every_model_base():
    assert len(model_bases()) >= 50
    assert set(documented()) == set(all_models())


def test_at_least_25_bases_work():
    rows = documented()
    working = [name for name in model_bases() if rows[name].endswith('yes |')]
    assert len(working) >= 25
    text = DOCS.read_text()
    assert f'\n{len(working)} of {len(model_bases())} work.\n' in text


@pytest.mark.parametrize(
    'name',
    [
        pytest.param(name, marks=() if name in FAST else SLOW)
        for name in all_models()
    ],
)
def test_outcome_is_the_documented_one(name):
    row = documented()[name]
    if NO_OPERATORS in row and importlib.util.find_spec('mmcv._ext'):
        pytest.skip('the docs are for an MMCV without operators')
    outcome = try_model(name, all_models()[name])
    assert outcome.row() == row
    assert outcome.row() in tables([outcome])
