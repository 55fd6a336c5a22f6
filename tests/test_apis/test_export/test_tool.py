"""Command line of the export."""

import pytest


@pytest.mark.slow
def test_a_file_and_what_is_said_of_it(trained, run_tool, tmp_path):
    command = ('export.py', *trained, '--out', tmp_path / 'out', '--to')
    said = run_tool(*command, 'onnx', '--size', 40, 40).stdout
    assert 'takes any batch, any size' in said
    assert 'for images 1x3x40x40, 2x3x85x123, 3x3x136x72' in said
    path = tmp_path / 'out' / 'toy.onnx'
    assert f'written: {path}' in said
    before = path.stat().st_mtime_ns
    again = run_tool(*command, 'onnx', check=False)
    assert again.returncode == 1
    assert f'error: {path} would be overwritten' in again.stdout
    assert path.stat().st_mtime_ns == before
    run_tool(*command, 'onnx', '--size', 40, 40, '--force')
    assert path.stat().st_mtime_ns != before


@pytest.mark.slow
@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({0: 'none.py'}, 'there is no config file none.py'),
        ({1: 'none.pth'}, 'there is no checkpoint none.pth'),
        ({3: 'mmseg'}, '--to mmseg takes no --size'),
    ],
)
def test_mistakes_are_told(trained, run_tool, tmp_path, changes, message):
    args = [*trained, '--to', 'onnx', '--size', 40, 40, '--out', 'out']
    for place, value in changes.items():
        args[place] = value
    done = run_tool('export.py', *args, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert f'error: {message}' in done.stdout
    assert 'Traceback' not in done.stdout
    assert not (tmp_path / 'out').exists()
