"""What the tools say about themselves."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
# launch.py hands its arguments, --help with them, to torchrun.
SCRIPTS = [
    path
    for path in sorted(TOOLS.rglob('*.py'))
    if path.name != 'launch.py' and '__main__' in path.read_text()
]


@pytest.mark.parametrize('script', SCRIPTS, ids=lambda path: path.stem)
def test_help_has_an_example(script, monkeypatch, capsys):
    """With at most 79 columns, so that it can be read and copied."""
    monkeypatch.syspath_prepend(TOOLS)
    monkeypatch.setattr(sys, 'argv', [str(script), '--help'])
    monkeypatch.setenv('COLUMNS', '80')
    spec = importlib.util.spec_from_file_location(script.stem, script)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    with pytest.raises(SystemExit) as end:
        tool.main()
    shown = capsys.readouterr().out
    assert end.value.code == 0
    command = re.escape(f'python tools/{script.relative_to(TOOLS)}')
    assert re.search(f'^ *{command}( |$)', shown, re.MULTILINE)
    assert max(map(len, shown.splitlines())) <= 79
    assert '::\n' not in shown


def test_every_tool_is_looked_at():
    assert len(SCRIPTS) > 14
    assert TOOLS / 'model_converters' / 'usrn2mmseg.py' in SCRIPTS
