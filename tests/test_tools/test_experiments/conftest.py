import pytest


@pytest.fixture(autouse=True)
def _scripts_import_each_other(project_root, monkeypatch):
    monkeypatch.syspath_prepend(project_root / 'tools' / 'experiments')
