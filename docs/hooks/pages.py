"""Pages of the docs site that are not files of ``docs``, a hook of MkDocs.

The README and others lie where readers of a repository look for them; the
notebook becomes Markdown; the reference is made from the docstrings.
"""

import ast
import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = 'docs/notebooks/own_folders.ipynb'
# What the site takes from outside of `docs`, by its place there.
OUTSIDE = {
    'index.md': 'README.md',
    'recipes.md': 'configs/usrn/README.md',
    'contributing.md': 'CONTRIBUTING.md',
    'changes.md': 'CHANGELOG.md',
    'log.md': 'experiments/LOG.md',
    'results.csv': 'experiments/results.csv',
    'labelling.csv': 'experiments/labelling.csv',
    'LICENSE': 'LICENSE',
    'CITATION.cff': 'CITATION.cff',
}
PLACES = {source: place for place, source in OUTSIDE.items()}
PLACES[NOTEBOOK] = NOTEBOOK[5:-5] + 'md'
# Headings of the configuration reference, by registry.
REGISTRIES = {
    'MODELS': 'Models',
    'HOOKS': 'Hooks',
    'DATASETS': 'Data sets',
    'TRANSFORMS': 'Transforms and mask formats',
    'OPTIM_WRAPPERS': 'Optimizer wrappers',
    'OPTIM_WRAPPER_CONSTRUCTORS': 'Constructors of optimizer wrappers',
    'METRICS': 'Metrics',
    'DATA_SAMPLERS': 'Samplers',
    'FUNCTIONS': 'Collate functions',
    'MODEL_WRAPPERS': 'Model wrappers',
}
_LINK = re.compile(r'(?<=\]\()(?![a-z]+:|#)([^)#\s]+)')


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    for place, source in OUTSIDE.items():
        text = (ROOT / source).read_text(encoding='utf-8')
        files.append(File.generated(config, place, content=text))
    for place, text in (
        (PLACES[NOTEBOOK], notebook_page()),
        ('configuration.md', configuration_page()),
        ('api.md', api_page()),
    ):
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(
    markdown: str, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Let links lead to the pages of the site."""
    place = page.file.src_uri
    source = posixpath.dirname(OUTSIDE.get(place, f'docs/{place}'))

    def replace(link: re.Match) -> str:
        target = posixpath.normpath(posixpath.join(source, link[1]))
        target = PLACES.get(target, target.removeprefix('docs/'))
        return posixpath.relpath(target, posixpath.dirname(place) or '.')

    return _LINK.sub(replace, markdown)


def notebook_page() -> str:
    """The cells of the notebook as Markdown."""
    cells = json.loads((ROOT / NOTEBOOK).read_text(encoding='utf-8'))['cells']
    parts = []
    for cell in cells:
        text = ''.join(cell['source'])
        if cell['cell_type'] == 'code':
            code = text.removeprefix('%%bash\n')
            text = f'```{"python" if code == text else "bash"}\n{code}\n```'
        parts.append(text)
    return '\n\n'.join(parts)


def registered_classes() -> Iterator[tuple[str, str]]:
    """Registry and dotted name of every class that a config may name."""
    for path in sorted((ROOT / 'mmseg_usrn').rglob('*.py')):
        module = '.'.join(path.relative_to(ROOT).with_suffix('').parts)
        for node in ast.parse(path.read_text(encoding='utf-8')).body:
            for decorator in getattr(node, 'decorator_list', ()):
                registry, _, call = ast.unparse(decorator).partition('.')
                if call.startswith('register_module('):
                    yield registry, f'{module}.{node.name}'


def configuration_page() -> str:
    """The settings of all registered classes, by registry."""
    found = {registry: [] for registry in REGISTRIES}
    for registry, name in registered_classes():
        found[registry].append(name)
    # What one looks for comes first: USRN, then the other segmentors.
    for part in ('.segmentors.', '.usrn.'):
        found['MODELS'].sort(key=lambda name: part not in name)
    parts = [
        '# Configuration reference\n\nEvery class that a config can name as '
        "`type='...'`, with its settings. Defaults are those of the code; "
        "what is not here is MMSegmentation's."
    ]
    for registry, title in REGISTRIES.items():
        parts.append(f'## {title}')
        parts += [
            f'::: {name}\n    options:\n      members: false'
            for name in found[registry]
        ]
    return '\n\n'.join(parts)


def api_page() -> str:
    """What the packages export beside registered classes."""
    package = griffe.load('mmseg_usrn', search_paths=[ROOT])
    shown = {name for _, name in registered_classes()}
    parts = ['# API\n\nWhat the packages export, for use from Python.']
    for module in sorted(packages(package), key=lambda m: m.path):
        exported = [find(module, str(name)) for name in module.exports or ()]
        new = {item.path for item in exported if item.docstring} - shown
        if new:
            parts.append(f'## {module.path}\n\n{module.docstring.value}')
            parts += [f'::: {path}' for path in sorted(new)]
            shown |= new
    return '\n\n'.join(parts)


def find(module: griffe.Module, name: str) -> griffe.Object:
    """What a package exports under a name, where it is defined."""
    found = module[name]
    found = found.final_target if found.is_alias else found
    # A function has the name of its module.
    return found[name] if found.is_module else found


def packages(package: griffe.Module) -> Iterator[griffe.Module]:
    """All packages below a package, and it."""
    yield package
    for module in package.modules.values():
        if module.is_package or module.is_subpackage:
            yield from packages(module)
