"""Links, anchors and paths in the docs lead somewhere."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ('docs', 'configs', 'experiments', 'benchmarks')
PAGES = sorted(
    [
        *ROOT.glob('*.md'),
        *(p for f in FOLDERS for p in (ROOT / f).rglob('*.md')),
    ]
)
# What readers make with the commands of the docs.
EXAMPLES = {'configs/my.py', 'configs/mine.py'}
# A path of this project in code: `configs/usrn/demo.py`, tools/train.py.
FILE = re.compile(
    r'(?<![\w/.{<])(?:mmseg_usrn|configs|tools|docs|experiments|benchmarks|tests)'
    r'(?:/[\w.-]+)*\.(?:py|sh|md|csv|jsonl|png)\b'
)


def tokens_of(text):
    """All tokens of a page, inline ones after the block that has them."""
    for token in MarkdownIt('commonmark').enable('table').parse(text):
        yield token
        yield from token.children or ()


def anchors_of(text):
    """Anchors of the headings, as hosts of Git repositories name them."""
    found = []
    tokens = list(MarkdownIt('commonmark').parse(text))
    for token, inline in zip(tokens, tokens[1:], strict=False):
        if token.type == 'heading_open':
            parts = [child.content for child in inline.children or ()]
            words = re.sub(r'[^\w\- ]', '', ''.join(parts).lower())
            slug = words.replace(' ', '-')
            again = sum(re.sub(r'-\d+$', '', old) == slug for old in found)
            found.append(f'{slug}-{again}' if slug in found else slug)
    return set(found)


def links_of(text):
    """Targets of the links and pictures of a page."""
    for token in tokens_of(text):
        for name in ('href', 'src'):
            if target := token.attrGet(name):
                yield unquote(target)


def broken_links(page, text):
    """The links inside this project that lead nowhere."""
    for target in links_of(text):
        if re.match(r'[a-z]+:', target):
            continue
        path, _, anchor = target.partition('#')
        file = (page.parent / path).resolve() if path else page
        if not (file.exists() and file.is_relative_to(ROOT)):
            yield target
        elif anchor:
            there = text if file == page else file.read_text()
            if anchor not in anchors_of(there):
                yield target


def missing_files(text):
    """The files that code on a page names and that do not exist."""
    for token in tokens_of(text):
        if token.type in ('code_inline', 'code_block', 'fence'):
            for path in FILE.findall(token.content):
                if path not in EXAMPLES and not (ROOT / path).exists():
                    yield path


@pytest.mark.parametrize('page', PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_and_files_exist(page):
    text = page.read_text()
    assert not [*broken_links(page, text), *missing_files(text)]


@pytest.mark.parametrize(
    ('text', 'wrong'),
    [
        ('[a](docs/splits.md)', []),
        ('![a](docs/nothing.png)', ['docs/nothing.png']),
        ('# The `x.y` way\n[a](#the-xy-way)', []),
        ('# A\n# A\n[a](#a-1)', []),
        ('# A\n[a](#b)', ['#b']),
        ('[a](../outside.md)', ['../outside.md']),
        ('[a](https://example.com/b)', []),
        ('| a |\n|---|\n| [b](c.md) |', ['c.md']),
        ('`python tools/train.py CONFIG`', []),
        ('`--out configs/my.py`', []),
        ('`configs/yours.py`', ['configs/yours.py']),
        ('    bash tools/nothing.sh', ['tools/nothing.sh']),
    ],
)
def test_the_check_itself(text, wrong):
    page = ROOT / 'README.md'
    assert [*broken_links(page, text), *missing_files(text)] == wrong
