"""The notebooks of the docs run, and are committed without outputs."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / 'docs' / 'notebooks'
OWN_FOLDERS = FOLDER / 'own_folders.ipynb'


def test_notebooks_have_no_outputs():
    for path in FOLDER.glob('*.ipynb'):
        for cell in nbformat.read(path, as_version=4).cells:
            assert not cell.get('outputs') and not cell.get('execution_count')


@pytest.mark.slow
def test_own_folders_from_images_to_report(tmp_path, monkeypatch):
    root = str(FOLDER.parents[1])
    paths = [root, os.environ.get('PYTHONPATH')]
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv('IPYTHONDIR', str(tmp_path / 'ipython'))
    notebook = nbformat.read(OWN_FOLDERS, as_version=4)
    (parameters,) = [
        cell
        for cell in notebook.cells
        if 'parameters' in cell.metadata.get('tags', ())
    ]
    folder = tmp_path / 'run'
    parameters.source = f'folder = {str(folder)!r}\niterations = 12'
    NotebookClient(
        notebook, timeout=300, resources={'metadata': {'path': str(FOLDER)}}
    ).execute()
    assert (folder / 'run' / 'report.html').stat().st_size > 100_000
    assert len(list((folder / 'predictions' / 'masks').iterdir())) == 60
    pictures = [
        output
        for cell in notebook.cells
        for output in cell.get('outputs', ())
        if 'image/png' in output.get('data', {})
    ]
    assert len(pictures) == 2
