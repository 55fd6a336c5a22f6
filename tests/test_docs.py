"""The docs site, and pages that repeat what the code says."""

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import mmseg.registry
import pytest

import mmseg_usrn  # noqa: F401  (registers the package)
from tests.browser import look_at

ROOT = Path(__file__).resolve().parents[1]
TROUBLE = ROOT / 'docs' / 'troubleshooting.md'
# The classes of the package in the registries of MMSegmentation.
REGISTERED = sorted(
    {
        cls
        for registry in vars(mmseg.registry).values()
        for cls in getattr(registry, 'module_dict', {}).values()
        if cls.__module__.startswith('mmseg_usrn.')
    },
    key=lambda cls: cls.__name__,
)


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """The docs site; warnings are errors, as of `make docs`."""
    folder = tmp_path_factory.mktemp('site')
    done = subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '-d', str(folder)],
        cwd=ROOT,
        env={**os.environ, 'NO_MKDOCS_2_WARNING': '1'},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_site_is_whole_and_needs_no_network(site):
    reference = (site / 'configuration.html').read_text()
    assert len(REGISTERED) > 30
    for cls in REGISTERED:
        assert f'id="{cls.__module__}.{cls.__name__}"' in reference
    loaded = re.compile(r'<(?:script|link|img)[^>]*https?:')
    for page in site.rglob('*.html'):
        assert not loaded.search(page.read_text()), page


def test_site_fits_a_phone_and_a_screen(site):
    pages = sorted(
        str(page.relative_to(site)) for page in site.rglob('*.html')
    )
    found, faults = look_at(site, pages)
    assert faults == []
    assert sum(row['images'] for row in found) >= 2 * 9
    assert sum(row['tables'] for row in found) > 2 * 50


def test_the_browser_tells_what_is_wrong(tmp_path):
    (tmp_path / 'page.html').write_text(
        '<main><p style="width: 600px">wide</p><img src="none.png">'
        '<div style="overflow-x: auto"><table style="width: 2000px">'
        '<tr><td>scrolls</table></div><script>gone()</script></main>'
    )
    (narrow, wide), faults = look_at(tmp_path, ['page.html'])
    assert narrow['overflow'] > 200 and wide['overflow'] == 0
    assert len(narrow['cut']) == 1 and 'wide</p>' in narrow['cut'][0]
    assert narrow['broken'] == wide['broken'] != []
    console, *_ = faults
    assert 'gone is not defined' in console and '/none.png' in faults


@pytest.mark.parametrize(
    'cls',
    [cls for cls in REGISTERED if '__init__' in vars(cls)],
    ids=lambda cls: cls.__name__,
)
def test_every_setting_is_described(cls):
    names = set(inspect.signature(cls).parameters) - {'args', 'kwargs'}
    described = set(re.findall(r'^\s+(\w+): ', cls.__doc__, re.MULTILINE))
    assert names <= described


def messages_of(source: str) -> set[str]:
    """All strings of a module, … for what is put into them."""
    return {
        re.sub(r'\s+', ' ', text_of(node))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp)
    }


def text_of(node: ast.AST) -> str:
    """A string of the source, … for what is no constant."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return ''.join(map(text_of, node.values))
    if isinstance(node, ast.BinOp):
        return text_of(node.left) + text_of(node.right)
    return '…'


def test_every_message_is_one_of_the_code():
    said = '\n'.join(
        message
        for folder in ('mmseg_usrn', 'tools')
        for path in (ROOT / folder).rglob('*.py')
        for message in messages_of(path.read_text())
    )
    headings = re.findall(r'^### (.*)', TROUBLE.read_text(), re.MULTILINE)
    assert len(headings) > 30
    assert [heading for heading in headings if heading not in said] == []


def test_the_check_of_messages_itself():
    source = "raise ValueError(f'no {name} in '\n    f'{path}' + '; look')"
    assert 'no … in …; look' in messages_of(source)
